"""JSON Merge Patch (RFC 7396): an object says what changes in one, `null` takes a member out."""

from model.documents.json_body import Json


def merge_patch(target: Json, patch: Json) -> Json:
    """The result; neither of the two is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), change)
    return merged
