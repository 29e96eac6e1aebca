"""Words of column names that say what a column is, where its values alone do not."""

import re

ID = {"id", "uuid", "guid"}
GROUP = {"author", "user", "username", "handle", "thread", "conversation", "dialogue", "speaker", "customer", "account"}
OWN = {"id", "name", "key", "hash"}  # beside those: author_id, but not author_rating
TEXT = {"text", "review", "comment", "message", "post", "tweet", "sentence", "content", "body", "title", "subject",
        "headline", "question", "answer", "utterance", "description"}  # fmt: skip
SCALE = {"rating", "stars", "score"}  # labels whose numbers are more or less
LABEL = SCALE | {"label", "labels", "class", "classes", "category", "target", "sentiment", "emotion", "emotions", "topic",
                 "topics", "tag", "tags", "kind", "intent"}  # fmt: skip
# that numbers are about a label or a text, and nothing to learn
ABOUT = {"confidence", "probability", "prob", "proba", "weight", "agreement", "count", "counts", "length", "latitude",
         "longitude"}  # fmt: skip
# who has labelled a row
ANNOTATOR = {
    "user",
    "annotator",
    "annotators",
    "worker",
    "rater",
    "coder",
    "judge",
    "labeler",
    "labeller",
    "expert",
    "by",
}
SPLIT = {"split", "splits", "fold", "set", "subset", "partition"}
# that numbers are times
CLOCK = {"time", "timestamp", "date", "datetime", "created", "updated", "published", "posted", "written", "epoch"}


def of_name(name: str) -> set[str]:
    """The words of a name: reviewID and review_id are review and id."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
