"""Tokenizers of tiny models: a token a byte, then the names a family needs; and a chat template."""

from transformers import PreTrainedTokenizerFast

CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% elif part['type'] == 'video' %}VIDEO"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Shows parts in their order; IMAGE and VIDEO stand for what a family writes there."""


def chat_template(image: str, video: str = "") -> str:
    """A template that shows pictures as `image` and videos as `video` (empty: not at all, as many real ones do)."""
    return CHAT.replace("IMAGE", image).replace("VIDEO", video)


def tokenizer(*more: str, **named: str) -> PreTrainedTokenizerFast:
    """256 bytes, `<pad> <s> </s> <unk>`, turns of a chat, then `more`; `named` ones are attributes, too.

    The answer of a chat ends with `</s>`.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    first = ["<s>", "<pad>", "</s>", "<unk>"]
    names = [*first, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=[], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    tokens = PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        extra_special_tokens=named,
    )
    added = ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>", *named.values()]
    tokens.add_special_tokens({"extra_special_tokens": added}, replace_extra_special_tokens=False)
    tokens.add_tokens(list(more))
    return tokens
