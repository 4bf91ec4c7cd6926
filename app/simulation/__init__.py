"""Cameras to break: a real RTSP server, the faults of real cameras, and what a watch must say of them."""
