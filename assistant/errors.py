"""Everything that can go wrong, as one tree; each becomes one sentence at the door (cli, chat).

AssistantError
├── SettingsError            a setting has no such value
├── CorpusError              the corpus folder is missing, or is not the index's own
├── UnreadableFile           one file cannot be read as articles; the others go on
├── IndexFault
│   ├── IndexMissing         there is no index here yet
│   ├── IndexMismatch        made by another version, model or corpus
│   ├── IndexDamaged         a part is missing, truncated or foreign
│   ├── IndexLocked          another refresh holds the index
│   └── ServerAway           the server that holds the vectors does not answer
├── EmbeddingError           the embedding model is unknown or broken
├── RerankerError            the reranker is broken or no reranker
├── LanguageModelError       the language model did not answer; quotes come instead
└── QuestionsError           the question file is missing or holds no question
"""

from __future__ import annotations


class AssistantError(Exception):
    """A fault told to a person: what, why, and what to type next, in Chinese and in English."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(chinese, english)
        self.chinese = chinese
        self.english = english

    def __str__(self) -> str:
        return f"{self.chinese}\n{self.english}"


class SettingsError(AssistantError):
    """A setting has no such value."""


class CorpusError(AssistantError):
    """The corpus folder is missing, or it is not the one the index was made from."""


class UnreadableFile(AssistantError):
    """One file cannot be read as articles; the others go on."""


class IndexFault(AssistantError):
    """Something is the matter with the index on disk."""


class IndexMissing(IndexFault):
    """There is no index here yet."""


class IndexMismatch(IndexFault):
    """The index was made by another version, embedding model or corpus."""


class IndexDamaged(IndexFault):
    """A part of the index is missing, truncated or foreign."""


class IndexLocked(IndexFault):
    """Another refresh holds the index."""


class ServerAway(IndexFault):
    """The server that holds the vectors does not answer."""


class EmbeddingError(AssistantError):
    """The embedding model is unknown, incomplete or of another dimension."""


class RerankerError(AssistantError):
    """The reranker is incomplete, or gives no scores."""


class LanguageModelError(AssistantError):
    """The language model did not answer; quotes come instead."""


class QuestionsError(AssistantError):
    """The question file is missing or holds no question."""
