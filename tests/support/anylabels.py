"""Labels that somebody can see, each of which has broken something once."""

ANY = [
    "no", "on", "1e3", "01", "1", "1.0", "null", "NA", "n", "accuracy", "macro_f1", "coarse", "head_x", "split", "none", "not no",
    "正面", "负面", "한국어", "हिन्दी", "שלום", "مرحبا", "😀", "😡", "❤️", "US", "us", "a b", "a/b", "a.b", "../x", "two\nlines",
    "<b>", "<script>alert(1)</script>", "a|b", "`code`", "*bold*", "_x_", "[link](http://a.example)", "a, b", "=1+1", "@x", "-x",
    "$x$", "\\frac", "'q\"", "%s{0}", "#1", "http://a.example", "x" * 120,
]  # fmt: skip
# what every object of JavaScript has, and keys that it puts in another order
OF_OBJECTS = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "10", "2"]
