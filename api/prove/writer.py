"""Writes posts, one after another; a post counts as acknowledged once it was answered."""

from api.prove.patient_client import PatientClient
from api.prove.plan import Options, Progress
from api.prove.record import Record
from api.prove.stage import Stage


async def write(
    number: int, options: Options, stage: Stage, progress: Progress, record: Record
) -> None:
    """A writer's share of the events. Each post has a key, with which it is repeated."""
    client = PatientClient(stage.doors, stage.owner.http.token, turn=number)
    draw = options.random("writer", number)
    for post in range(number, options.events, options.writers):
        channel_id = draw.choice(stage.channel_ids)
        path, text = f"/api/channels/{channel_id}/posts", f"post {post}"
        answer = await client.ask("POST", path, {"text": text}, key=f"{options.seed}-post-{post}")
        record.acknowledged[answer["id"]] = f"channel:{channel_id}"
        progress.advance()
    client.close()
