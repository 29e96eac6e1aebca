"""Why the reference of task toxicity lost words: python -m benchmarks.reference_cleaning

Its notebook tokenized with NLTK's punkt. The resource was missing, a bare except fell back to cutting at blanks, and the
next step kept tokens of letters only: every word that touched a comma, a full stop or an apostrophe was gone. This runs
its steps on the same tweets with that fallback and with a real tokenizer, and the project's own settings, and prints
what each step leaves of the content words (three letters or more, no stopword) and which tokens went.
"""

from collections import Counter

from tqdm import tqdm

from decant import paths, text
from decant.data import lexical, rawfiles
from decant.settings.params import read

RAW = paths.raw("toxicity") / "TwitterToxicity.csv"
CLEANING = {"html": True, "mojibake": False, "unicode": "keep", "invisible": True, "urls": "strip", "mentions": "strip",
            "hashtags": "word", "cashtags": "keep", "numbers": "keep", "repeats": 2, "whitespace": True}  # fmt: skip
REFERENCE = {"lowercase": True, "tokenizer": "blanks", "alphabetic": True, "stopwords": "sklearn", "stem": "porter",
             "lemma": "none", "language": "english", "max_loss": 1.0}  # fmt: skip


def main() -> None:
    p = read("toxicity")
    runs = {
        "reference, as it ran (blanks)": (CLEANING, REFERENCE),
        "reference, with a tokenizer (tweet)": (CLEANING, REFERENCE | {"tokenizer": "tweet"}),
        "this project's settings": (p.cleaning.model_dump(), p.linear_text.model_dump()),
    }
    tweets = [tweet for batch in rawfiles.batches(RAW, "csv") for tweet in batch.column("review")]
    print(f"{len(tweets):,} tweets")
    for name, (cleaning, settings) in runs.items():
        linear = lexical.Lexer(settings)
        left = [linear(text.clean(tweet, cleaning)) for tweet in tqdm(tweets, desc=name, unit="row", leave=False)]
        counts = {step: linear.counts[step] for step in linear.steps}
        share = lexical.loss(linear.counts["content_words"], counts)
        empty = sum(not words for words in left)
        if not counts:
            print(f"\n{name}: no tokens are cut, so that no word can be lost; {empty:,} texts empty")
            continue
        print(f"\n{name}: {share:.1%} of {linear.counts['content_words']:,} content words lost, {empty:,} texts empty")
        print(f"  {lexical.explain(linear.counts['content_words'], counts, Counter(linear.lost))}")


if __name__ == "__main__":
    main()
