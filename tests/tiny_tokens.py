"""Tokenizers of tiny models: a token a byte, then the names a family needs; and a chat template."""

import re

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


def tokenizer(*more: str, words: tuple[str, ...] = (), **named: str) -> PreTrainedTokenizerFast:
    """256 bytes, `<s> <pad> </s> <unk>`, turns of a chat, then `more`; `named` ones are attributes, too.

    The answer of a chat ends with `</s>`. `words` are tokens of the vocabulary itself; where there are any, a space is
    written before each text, as SentencePiece does.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    first = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {name: i for i, name in enumerate([*first, *sorted(pre_tokenizers.ByteLevel.alphabet()), *words])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", ignore_merges=True))
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer = bytewise
    if words:
        whole = Regex("|".join(map(re.escape, words)))
        made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(whole, "isolated"), bytewise])
        made.normalizer = normalizers.Prepend(" ")
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
