"""What a recipe file sends as it stands, though it was probably meant for a placeholder: said, and not refused."""

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.recipes import shipped_names
from asyncgen.recipes.prompt_doubts import doubts_of
from asyncgen.recipes.recipe_file import RecipeFile

FILE = """
[[step]]
name = "tr"
system = '''%s'''
user = '''%s'''
[[step]]
name = "topic"
user = "{text} {tr}"
[[output]]
file = "out.jsonl"
line = { id = "{id}", topic = "{topic}" }
"""
SAME = "step tr asks the same of every row: no field and no other step is in it"
STANDS = "sent as it stands, for it is no placeholder"


def doubts(tmp_path, user, system="Be brief.", columns=()):
    """Of the first step, which has these prompts."""
    path = tmp_path / "mine.toml"
    path.write_text(FILE % (system, user), "utf-8")
    return list(doubts_of(RecipeFile(path), columns))


def test_a_step_without_a_placeholder_asks_the_same_of_every_row(tmp_path):
    """Which may be meant, by rows that only number samples."""
    assert doubts(tmp_path, "Tell a joke.") == [SAME]
    assert doubts(tmp_path, "Tell a joke about {text}.") == []
    assert doubts(tmp_path, "Tell a joke.", system="About {text}.") == []


@pytest.mark.parametrize(
    "like_one",
    ["{ text }", "{{ text }}", "{{text}}", "{text }", "{text!r}", "{text:>10}", "{text-a}", "{text", "{ other }"],
)
def test_what_was_probably_meant_is_named_where_nothing_else_is_there(tmp_path, like_one):
    """With the way to write it, in one sentence."""
    name = "other" if "other" in like_one else "text"
    expected = f"{SAME}; {STANDS}: {like_one}; a field is written {{{name}}}"
    assert doubts(tmp_path, f"Translate: {like_one}") == [expected]
    assert doubts(tmp_path, "Translate.", system=f"{like_one}\nEnd.") == [expected]


@pytest.mark.parametrize("like_one", ["{ text }", "{{ text }}", "{{text}}", "{text!r}", "{text-a}", "{text"])
def test_a_known_name_is_found_beside_placeholders_too(tmp_path, like_one):
    """Once for each text."""
    user = f"{{id}}: {like_one}\n{like_one}"
    assert doubts(tmp_path, user) == [f"step tr; {STANDS}: {like_one}; a field is written {{text}}"]


@pytest.mark.parametrize(
    "text",
    [
        "{text}: answer as {{text}}",
        '{text}: answer as {"label": "x"}, or {{"label": "x"}}',
        "{text}: f() {{ return x }} and { other }",
        "{text}: \\frac{1}{2} and \\text{x}",
        "{text.title} of {text} {",
        "{text} {}",
    ],
)
def test_other_braces_are_text(tmp_path, text):
    """Code, JSON and formulas, and a placeholder that is doubled to show it beside the real one."""
    assert doubts(tmp_path, text) == []


@pytest.mark.parametrize(
    "like_one",
    [
        "{ title }",
        "{{ title }}",
        "{{title}}",
        "{title!r:>10}",
        "{title[0]}",
        "{\u00a0title }",
        "{\u200btitle}",
        "{{ title | trim }}",
        "{{- title -}}",
    ],
)
def test_a_column_of_the_rows_is_known_though_the_recipe_does_not_name_it(tmp_path, like_one):
    """Half of a prompt of another program was changed."""
    [said] = doubts(tmp_path, f"{{text}}: {like_one}", columns=["text", "title"])
    shown = " ".join(like_one.split())
    assert said == f"step tr; {STANDS}: {shown}; a field is written {{title}}"


@pytest.mark.parametrize(
    "marks",
    [
        "{% for t in tags %}",
        "{%- if x -%}",
        "{{#tags}}",
        "{{/each}}",
        "{{> part}}",
        "{[tr.best]}",
    ],
)
def test_another_template_language_is_known_by_its_marks(tmp_path, marks):
    """Whatever they name."""
    [said] = doubts(tmp_path, f"{{text}}: {marks}")
    assert said.startswith(f"step tr; {STANDS}: {marks}; a field is written {{")


def test_what_another_language_has_around_a_name_is_sent_too(tmp_path):
    """The value is there, in braces that nobody wants."""
    said = "step tr; what is around the value is sent too: {{{text}}}; a field is written {text}"
    assert doubts(tmp_path, "About: {{{text}}}") == [said]


@pytest.mark.parametrize(
    "text",
    [
        "It costs ${text}.",
        '{{"x": {{{text}}}}',
        "{text}: x^{{ n }} and {{ x }}^2",
        "{text}: P{{A|B}}",
        "{text}: ${{ secrets.TOKEN }}",
        "{text}: 100% {% of it %}",
        "{text}: if (a) { title; }",
        "{text}: if (a) {title",
        "{text}: {\ntitle\n}",
    ],
)
def test_prices_formulas_and_code_are_text(tmp_path, text):
    """Though the rows have a column of a name in them."""
    assert doubts(tmp_path, text, columns=["text", "title"]) == []


def test_a_line_of_an_output_has_doubts_of_the_same_kind(tmp_path):
    """It would be in all data."""
    path = tmp_path / "mine.toml"
    line = 'id = "{id}", a = "{{ topic }}", b = "{ title }", c = "{topic}", d = "{{{text}}}"'
    path.write_text(FILE.replace('id = "{id}", topic = "{topic}"', line) % ("Be brief.", "{text}"))
    stands, more = doubts_of(RecipeFile(path), ["title"])
    shown = "{{ topic }}, { title }; a field is written {topic}, {title}"
    assert stands == f"output out.jsonl; written as it stands, for it is no placeholder: {shown}"
    assert more.startswith("output out.jsonl; what is around the value is written too: {{{text}}}")


@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "medec_safe"])
def test_no_shipped_recipe_is_doubtful(name):
    """Or each run of it would begin with a warning."""
    assert list(doubts_of(RecipeFile(shipped("recipes", f"{name}.toml")))) == []


def test_a_name_that_only_a_system_prompt_has_is_said_to_be_text(tmp_path):
    """Known names are placeholders there, and what else is in braces is not."""
    [doubt] = doubts(tmp_path, "{text}", system="You are {persona}, about {text}.")
    assert "sent as it stands in the system prompt: {persona}" in doubt
    assert 'or [input] has fields = { persona = "persona" }' in doubt


def test_a_line_that_shows_the_system_prompt_shows_what_was_sent(tmp_path):
    """A field that only the line names besides is one in the prompt too."""
    path = tmp_path / "mine.toml"
    line = 'line = { system = "You are {persona}.", topic = "{topic}" }'
    path.write_text(
        (FILE % ("You are {persona}.", "{text}")).replace('line = { id = "{id}", topic = "{topic}" }', line)
    )
    file = RecipeFile(path)
    assert file.systems["tr"].names == {"persona"}
    assert file.fields == {"persona", "text"}
    assert list(doubts_of(file)) == []


@pytest.mark.parametrize("name", ["Issue Text", "Größe", "first-name", "Note ID 2", " Issue Text "])
def test_a_column_is_no_name_if_it_has_blanks_or_other_letters(tmp_path, name):
    """It went out literally, beside fields that were filled in."""
    said = f"step tr; sent as it stands, for a name has letters from a to z, digits and _ only: {{{name}}}; "
    named = {"Größe": "gr_e"}.get(name, name.strip().lower().replace(" ", "_").replace("-", "_"))
    advice = f'a column gets a name in [input.fields], as {named} = "{name.strip()}"'
    assert doubts(tmp_path, f"{{text}}: {{{name}}}") == [said + advice]


@pytest.mark.parametrize(
    "text", ['{"a b": 1}', r"\frac{a b}{c d}", "{a, b}", "{1 of 2}", "{a b\nc}", "{}", "{a b: c}", "f{x y}"]
)
def test_braces_around_other_text_are_text(tmp_path, text):
    """JSON, formulas, sets."""
    assert doubts(tmp_path, "{text} " + text) == []


def test_a_line_of_an_output_is_looked_at_too(tmp_path):
    """What it holds goes into the data."""
    path = tmp_path / "mine.toml"
    path.write_text(
        FILE.replace('"{topic}" }', '"{topic}", from = ["{Issue Text}"] }') % ("Be brief.", "{text}"), "utf-8"
    )
    [said] = doubts_of(RecipeFile(path))
    assert said.startswith("output out.jsonl; written as it stands, for a name has letters from a to z")


def test_a_byte_order_mark_that_is_sent_is_named(tmp_path):
    """It is part of the fingerprint of directories that began with it, so it stays; nobody sees it."""
    (tmp_path / "s.txt").write_text("\ufeffBe kind.", "utf-8")
    path = tmp_path / "mine.toml"
    path.write_text((FILE % ("", "{text}")).replace("system = ''''''", 'system-file = "s.txt"'))
    file = RecipeFile(path)
    assert file.steps["tr"].system == "\ufeffBe kind."
    assert list(doubts_of(file)) == [
        "step tr; sent before the system prompt: the byte order mark of s.txt; save it as UTF-8 without one"
    ]


@pytest.mark.parametrize(
    ("encoding", "text", "more"),
    [
        (
            "utf-16-le",
            "You are kind.",
            "; it is text in UTF-16LE: write it as UTF-8 first (iconv -f UTF-16LE -t UTF-8)",
        ),
        ("utf-8", "You are\0 kind.", ""),
    ],
)
def test_nul_characters_of_a_prompt_are_named(tmp_path, encoding, text, more):
    """A terminal does not show them. Some programs write UTF-16 without its mark, which is UTF-8 full of them."""
    (tmp_path / "s.txt").write_text(text, encoding)
    path = tmp_path / "mine.toml"
    path.write_text((FILE % ("", "{text}")).replace("system = ''''''", 'system-file = "s.txt"'))
    assert list(doubts_of(RecipeFile(path))) == [f"step tr; sent with NUL characters: s.txt{more}"]
    path.write_text((FILE % ("Be kind.", "")).replace("user = ''''''", 'user = "{text}\\u0000"'))
    assert list(doubts_of(RecipeFile(path))) == ["step tr; sent with NUL characters: user"]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (r'matches = "^{text}|{tr}$"', "matches has {text}, {tr}"),
        (r'not-matches = "{text.title}"', "not-matches has {text.title}"),
        (r"matches = '\{text\}'", ""),
        (r"matches = 'a{2}b{2,3}{other}[{]text[}]'", ""),
        (r'differs-from = "{text}"', ""),
        (r'contains = "{text}"', ""),
    ],
)
def test_a_placeholder_in_a_regular_expression_is_text(tmp_path, check, said):
    """As a value it would be another expression for each row; some want the text itself."""
    path = tmp_path / "mine.toml"
    path.write_text((FILE % ("Be brief.", "{text}")).replace('name = "tr"', f'name = "tr"\ncheck = {{ {check} }}'))
    expected = (
        f"step tr; check.{said}, which is text there: only differs-from and contains take values; "
        "as text it is written \\{"
    )
    found = list(doubts_of(RecipeFile(path)))
    assert [doubt.startswith(expected) for doubt in found] == ([True] if said else [])
