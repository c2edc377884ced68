"""Recipe files with one mistake each: what it is, how the shortest right file is changed, and what is said."""

import json
from pathlib import Path

RIGHT = '''name = "mails"
rows = "mails"

[input]
id = "number"
fields = { text = "body" }
defaults = { subject = "none" }

[[step]]
name = "summary"
system = "Answer in JSON."
user = """
{subject}

{text}"""
params = { max_tokens = 400, temperature = 0.5 }
check = { max-words = 60, differs-from = "{text}" }
samples = 2
[step.schema]
type = "object"
properties = { headline = { type = "string" }, points = { type = "array", items = { type = "string" } } }
required = ["headline"]

[[step]]
name = "judge"
user = "{summary.0.headline} or {summary.1.headline}?"
schema = { type = "object", properties = { best = { enum = [0, 1] }, why = {} }, required = ["best"] }

[[output]]
file = "mails.jsonl"
line = { id = "{id}", best = "{summary[judge.best].headline}", from = "{calls}" }
'''


# What is replaced, by what, the line that is named, and words of the message.
BROKEN: list[tuple[str, str, int, str]] = [
    # TOML
    ('name = "mails"', "name = mails", 1, "not TOML"),
    ('rows = "mails"', 'rows = "mails', 2, "not TOML"),
    ('rows = "mails"', 'name = "mails"', 2, "not TOML"),
    ("[input]", "[input", 4, "not TOML"),
    ('fields = { text = "body" }', 'fields = { text = "body" ', 6, "not TOML"),
    # keys
    ('rows = "mails"', 'row = "mails"', 2, "unknown key row in the recipe; did you mean rows?"),
    ("[input]", "[inputs]", 4, "unknown key inputs in the recipe; did you mean input?"),
    ("[[output]]", "[[outputs]]", 29, "unknown key outputs in the recipe; did you mean output?"),
    ('id = "number"', 'ids = "number"', 5, "unknown key ids in [input]; did you mean id?"),
    ("defaults =", "default =", 7, "unknown key default in [input]; did you mean defaults?"),
    ('system = "A', 'systm = "A', 11, "unknown key systm in step summary; did you mean system?"),
    ('system = "A', 'system_file = "A', 11, "unknown key system_file in step summary; did you mean system-file?"),
    ('user = """', 'usr = """', 12, "unknown key usr in step summary; did you mean user?"),
    ("params = {", "param = {", 16, "unknown key param in step summary; did you mean params?"),
    ("check = {", "checks = {", 17, "unknown key checks in step summary; did you mean check?"),
    ("samples = 2", "sample = 2", 18, "unknown key sample in step summary; did you mean samples?"),
    ("samples = 2", "zebra = 2", 18, "unknown key zebra in step summary; there are name, system,"),
    ("[step.schema]", "[step.shema]", 19, "unknown key shema in step summary; did you mean schema?"),
    ("max-words", "max_words", 17, "unknown key max_words in check of step summary; did you mean max-words?"),
    ("differs-from", "differs", 17, "unknown key differs in check of step summary; did you mean differs-from?"),
    (
        "temperature",
        "temprature",
        16,
        "unknown key temprature in params of step summary; did you mean temperature?",
    ),
    ("\nline = {", "\nlines = {", 31, "unknown key lines in [[output]] number 1; did you mean line?"),
    ('file = "mails', 'files = "mails', 30, "unknown key files in [[output]] number 1; did you mean file?"),
    # what is missing
    ('name = "judge"\n', "", 24, "[[step]] number 2 lacks name"),
    ('user = "{summary', 'system = "{summary', 24, "step judge lacks user"),
    ('file = "mails.jsonl"\n', "", 29, "[[output]] number 1 lacks file"),
    # kinds
    ('rows = "mails"', "rows = 5", 2, "rows of the recipe must be a text, not a whole number"),
    ('name = "judge"', 'name = ["judge"]', 25, "name of [[step]] number 2 must be a text, not a list"),
    ('name = "judge"', 'name = ""', 25, "name of [[step]] number 2 is empty"),
    ('fields = { text = "body" }', 'fields = ["text"]', 6, "fields of [input] must be a table, not a list"),
    ('{ text = "body" }', "{ text = 5 }", 6, "text of [input.fields] must be a text, not a whole number"),
    ('id = "number"', "id = true", 5, "id of [input] must be a text, not true or false"),
    ("samples = 2", "samples = true", 18, "samples of step summary must be a whole number, not true or false"),
    ("samples = 2", "samples = 2.5", 18, "samples of step summary must be a whole number, not something else"),
    ("samples = 2", "samples = 0", 18, "samples of step summary must be from 1 to 16, not 0"),
    ("samples = 2", "samples = 99", 18, "samples of step summary must be from 1 to 16, not 99"),
    (
        "params = { max_tokens = 400, temperature = 0.5 }",
        "params = 400",
        16,
        "params of step summary must be a table",
    ),
    ("[[output]]", "[output]", 29, "write [[output]], not [output], above the keys of each output"),
    # params
    ("max_tokens = 400", "max_tokens = 0", 16, "max_tokens of params of step summary must be a number from 1"),
    ("max_tokens = 400", 'max_tokens = "many"', 16, "max_tokens of params of step summary must be a number"),
    (
        "temperature = 0.5",
        "temperature = 3",
        16,
        "temperature of params of step summary must be a number from 0 to 2",
    ),
    ("temperature = 0.5", "top_p = 1.5", 16, "top_p of params of step summary must be a number from 0 to 1"),
    (
        "temperature = 0.5",
        'reasoning_effort = "lots"',
        16,
        "reasoning_effort of params of step summary must be one of",
    ),
    (
        "temperature = 0.5",
        "seed = 1000000000000000000000",
        16,
        "seed of params of step summary must be JSON, with integers of at most 64 bits",
    ),
    ("temperature = 0.5", 'model = "x"', 16, "model cannot be set in params of step summary"),
    ("temperature = 0.5", "n = 2", 16, "n cannot be set in params of step summary"),
    # check
    ("max-words = 60", "max-words = 0", 17, "max-words of check of step summary must be from 1"),
    (
        "max-words = 60",
        "max-words = 60, min-words = 61",
        17,
        "min-words of check of step summary is more than max-words",
    ),
    ("max-words = 60", 'matches = "("', 17, "matches of check of step summary is not a regular expression"),
    (
        "max-words = 60",
        'not-matches = "[z-a]"',
        17,
        "not-matches of check of step summary is not a regular expression",
    ),
    # schema
    ('type = "object"\nprop', 'type = "array"\nprop', 19, 'schema of step summary: it must say type = "object"'),
    ('type = "object"\nprop', "prop", 19, 'schema of step summary: it must say type = "object"'),
    ('headline = { type = "string" }', 'headline = { type = "sting" }', 19, "properties.headline.type"),
    ('headline = { type = "string" }', 'headline = { pattern = "(" }', 19, "properties.headline.pattern"),
    ('headline = { type = "string" }', 'headline = { "$ref" = "#/$defs/x" }', 19, "schema of step summary"),
    (
        'headline = { type = "string" }',
        'headline = { "$ref" = "http://127.0.0.1/x" }',
        19,
        "schema of step summary",
    ),
    ('required = ["headline"]', 'required = "headline"', 19, "required"),
    ("schema = { type", 'schema = "none.json" # { type', 27, "cannot read"),
    ("schema = { type", 'schema = "broken.json" # { type', 27, "broken.json is not JSON"),
    ("schema = { type", 'schema = "list.json" # { type', 27, "must be a JSON schema"),
    (
        "schema = { type",
        'schema = "wrapped.json" # { type',
        27,
        'schema of step judge (wrapped.json): it is wrapped for the API; give what is under "schema" in it alone',
    ),
    (
        "schema = { type",
        'schema = "format.json" # { type',
        27,
        'schema of step judge (format.json): it is wrapped for the API; give what is under "schema" in it alone',
    ),
    (
        "schema = { type",
        'schema = "array.json" # { type',
        27,
        'schema of step judge (array.json): it must say type = "object"',
    ),
    ("schema = { type", "schema = 5 # { type", 27, "must be a JSON schema"),
    # files beside it
    ('system = "Answer in JSON."', 'system-file = "none.txt"', 11, "cannot read"),
    ('system = "Answer in JSON."', 'system-file = "empty.txt"', 11, "is empty"),
    (
        'system = "Answer in JSON."',
        'system-file = "latin.txt"',
        11,
        "latin.txt: line 2 is not UTF-8; write it as UTF-8 first (iconv -f WINDOWS-1252 -t UTF-8",
    ),
    (
        'system = "Answer in JSON."',
        'system-file = "utf-16.txt"',
        11,
        "utf-16.txt: this is text in UTF-16: write it as UTF-8 first (iconv -f UTF-16 -t UTF-8)",
    ),
    ('system = "Answer in JSON."', 'system = "x"\nsystem-file = "x.txt"', 12, "both system and system-file"),
    # names
    ('name = "summary"', 'name = "my summary"', 10, "'my summary' is not a valid name of a step"),
    ('name = "summary"', 'name = "1"', 10, "'1' is not a valid name of a step"),
    ('name = "judge"', 'name = "summary"', 25, "there is another step summary"),
    ('name = "judge"', 'name = "id"', 25, "a step cannot be called id"),
    ('name = "judge"', 'name = "calls"', 25, "a step cannot be called calls"),
    ('{ text = "body" }', '{ summary = "body" }', 6, "summary is both a field and a step"),
    ('{ subject = "none" }', '{ judge = "none" }', 7, "judge is both a field and a step"),
    ('{ text = "body" }', '{ "my text" = "body" }', 6, "'my text' is not a valid name of a field"),
    ('{ subject = "none" }', '{ calls = "none" }', 7, "'calls' is not a valid name of a field"),
    ('"mails.jsonl"', '"../mails.jsonl"', 30, "is not a valid name of an output file"),
    ('"mails.jsonl"', '"mails.csv"', 30, "is not a valid name of an output file"),
    ('"mails.jsonl"', '"failed.jsonl"', 30, "an output cannot be called failed.jsonl"),
    (
        'from = "{calls}" }',
        'from = "{calls}" }\n[[output]]\nfile = "mails.jsonl"\nline = { a = "{id}" }',
        33,
        "another output mails.jsonl",
    ),
    # placeholders
    ('{text}"""', '{txt}"""', 15, "{txt}: did you mean {text}?"),
    (
        "{subject}",
        "{subjct}",
        13,
        'did you mean {subject}? (If it is a field, declare it: subjct = "subjct" in [input.fields].)',
    ),
    ("{summary.0.headline} or", "{sumary.0.headline} or", 26, "did you mean {summary}?"),
    ('"{summary[judge.best].headline}"', '"{judg.best}"', 31, "did you mean {judge}?"),
    ('differs-from = "{text}"', 'differs-from = "{texx}"', 17, "{texx}: did you mean {text}?"),
    (
        '"Answer in JSON."',
        '"Answer in JSON about {texts}."',
        11,
        "{texts} in the system prompt: did you mean {text}?",
    ),
    ("{summary.0.headline} or", "{summary.0.hedline} or", 26, "the schema has no hedline; did you mean headline?"),
    (
        "{summary.0.headline} or",
        "{summary.0.points} or",
        26,
        "an answer may lack points: put points into required",
    ),
    ("{summary.0.headline} or", "{summary.headline} or", 26, "the samples are numbered from 0 to 1"),
    ("{summary.0.headline} or", "{summary.2.headline} or", 26, "the samples are numbered from 0 to 1"),
    ("{summary.0.headline} or", "{summary.0.headline.x} or", 26, "the schema says nothing of headline.x"),
    ("{summary.0.headline} or", "{calls} or", 26, "it stands for the calls of a row"),
    ("{summary[judge.best].headline}", "{summary[judge.why].headline}", 31, "put why into required"),
    ("enum = [0, 1]", "enum = [1, 2]", 31, "the schema must say which sample it is: enum = [0, 1]"),
    ("enum = [0, 1]", 'type = "integer"', 31, "the schema must say which sample it is: enum = [0, 1]"),
    ("{summary[judge.best].headline}", "{summary[text].headline}", 31, "text is not a step"),
    ("{summary[judge.best].headline}", "{text[judge.best]}", 31, "only the samples of a step have a place"),
    ('from = "{calls}"', 'from = "{judge.best.x}"', 31, "the schema says nothing of best.x"),
    # order and use
    ("{subject}\n", "{judge.best}\n", 12, "these steps need each other: summary → judge → summary"),
    ("{subject}\n", "{summary}\n", 12, "step summary needs its own answer"),
    (
        '"{summary[judge.best].headline}"',
        '"{id}"',
        25,
        "no output and no other step uses the answer of step judge",
    ),
    (
        '"{summary[judge.best].headline}"',
        '"{{ judge.best }}"',
        25,
        "no output and no other step uses the answer of step judge; line 31 has {{ judge.best }}, which is text",
    ),
    ('"{summary[judge.best].headline}"', '"{ judge }"', 25, "line 31 has { judge }, which is text"),
    # lines
    (
        'line = { id = "{id}", best = "{summary[judge.best].headline}", from = "{calls}" }',
        "line = []",
        31,
        "must say what",
    ),
    (
        'line = { id = "{id}", best = "{summary[judge.best].headline}", from = "{calls}" }',
        "line = {}",
        31,
        "must say what",
    ),
    (
        'line = { id = "{id}", best = "{summary[judge.best].headline}", from = "{calls}" }',
        'line = "{id}"',
        31,
        "must be a table",
    ),
    # fields that nothing names
    ('{ text = "body" }', '{ text = "body", letter = "x" }', 6, "no prompt and no output names {letter}"),
    (
        '{ subject = "none" }',
        '{ subject = "none", from_whom = "x" }',
        7,
        "no prompt and no output names {from_whom}",
    ),
]


def write(directory: Path, text: str) -> Path:
    """A recipe file, with files beside it that are no better."""
    (directory / "broken.json").write_text("{")
    (directory / "list.json").write_text("[]")
    (directory / "empty.txt").write_text(" \n")
    (directory / "latin.txt").write_bytes("a\nä".encode("latin-1"))
    (directory / "utf-16.txt").write_text("Be kind.", "utf-16")
    wrapped = {"name": "s", "strict": True, "schema": {"type": "object", "properties": {}}}
    (directory / "wrapped.json").write_text(json.dumps(wrapped))
    (directory / "format.json").write_text(json.dumps({"type": "json_schema", "json_schema": wrapped}))
    (directory / "array.json").write_text('{"type": "array"}')
    path = directory / "mails.toml"
    path.write_text(text)
    return path
