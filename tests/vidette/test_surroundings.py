from vidette.configuration import load


def test_variables_that_are_no_settings_are_left_alone():
    environ = {"VIDETTE_ALERT_ID": "1a2b", "VIDETTE_ALERT_TEXT": "x", "VIDETTE_RECEIVE_SECRET": "whsec_x"}
    assert load(None, environ) == load(None, {})
