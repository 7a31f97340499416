"""JSON Merge Patch, by the examples of RFC 7396, appendix A."""

import json

import pytest

from model.documents.json_body import merge_patch

EXAMPLES = """
    {"a":"b"}          | {"a":"c"}                  | {"a":"c"}
    {"a":"b"}          | {"b":"c"}                  | {"a":"b","b":"c"}
    {"a":"b"}          | {"a":null}                 | {}
    {"a":"b","b":"c"}  | {"a":null}                 | {"b":"c"}
    {"a":["b"]}        | {"a":"c"}                  | {"a":"c"}
    {"a":"c"}          | {"a":["b"]}                | {"a":["b"]}
    {"a":{"b":"c"}}    | {"a":{"b":"d","c":null}}   | {"a":{"b":"d"}}
    {"a":[{"b":"c"}]}  | {"a":[1]}                  | {"a":[1]}
    ["a","b"]          | ["c","d"]                  | ["c","d"]
    {"a":"b"}          | ["c"]                      | ["c"]
    {"a":"foo"}        | null                       | null
    {"a":"foo"}        | "bar"                      | "bar"
    {"e":null}         | {"a":1}                    | {"e":null,"a":1}
    [1,2]              | {"a":"b","c":null}         | {"a":"b"}
    {}                 | {"a":{"bb":{"ccc":null}}}  | {"a":{"bb":{}}}
"""


@pytest.mark.parametrize("example", EXAMPLES.strip().splitlines())
def test_a_patch_changes_what_the_rfc_says(example: str) -> None:
    target, patch, result = map(json.loads, example.split("|"))
    assert merge_patch(target, patch) == result
    assert [target, patch] == [json.loads(part) for part in example.split("|")[:2]], "as before"
