"""What there is to do about backups on a machine, as its folder, the rows and the clock say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from model.backup import Backup, BackupOrigin, BackupState

TRY_AGAIN_AFTER = timedelta(hours=1)  # one of the schedule that has failed


@dataclass(frozen=True)
class Schedule:
    """One a day at a time in UTC, of which so many are kept; no time: none are made."""

    at: time | None
    kept: int

    def last_due(self, moment: datetime) -> datetime | None:
        """When the last one should have been made."""
        if self.at is None:
            return None
        today = datetime.combine(moment.astimezone(UTC).date(), self.at, UTC)
        return today if today <= moment else today - timedelta(days=1)


@dataclass(frozen=True)
class Chores:
    is_due: bool  # that of today, which is not there
    is_any_to_do: bool
    old: Sequence[Backup]  # of the schedule or of commands elsewhere, and more than are kept
    removable: Sequence[str]  # files of those that are leaving
    forgettable: Sequence[Backup]  # those that are leaving, once their files are gone
    lost: Sequence[Backup]  # whose files are here no more
    unknown: Sequence[str]  # files without a row

    @property
    def are_any(self) -> bool:
        return any(vars(self).values())


def find_chores(
    backups: Sequence[Backup],
    names: Collection[str],
    schedule: Schedule,
    *,
    node: str,
    is_alone: bool,
    moment: datetime,
) -> Chores:
    """`names` are the files in the folder of the machine `node`; no other has one if `is_alone`."""
    due_at = schedule.last_due(moment)
    in_folder = [one for one in backups if not one.elsewhere]
    ours = [one for one in in_folder if is_alone or one.node in {node, None} or one.name in names]
    removed = [one for one in backups if one.state == BackupState.LEAVING]
    leaving = [one for one in removed if one.elsewhere or one in ours]
    return Chores(
        is_due=due_at is not None and not any(_counts(one, due_at, moment) for one in backups),
        is_any_to_do=any(one.is_to_do for one in backups),
        old=_old(backups, schedule.kept),
        removable=[one.name for one in leaving if one.name in names],
        forgettable=[one for one in leaving if not (due_at and _is_of(one, due_at))],
        lost=[one for one in ours if one.state == BackupState.DONE and one.name not in names],
        unknown=sorted({*names} - {one.name for one in in_folder}),
    )


def newest_of(backups: Sequence[Backup]) -> datetime | None:
    """When the newest one was made that is there."""
    done = [one.made_at for one in backups if one.state == BackupState.DONE and one.made_at]
    return max(done, default=None)


def _is_of(backup: Backup, due_at: datetime) -> bool:
    """Whether it is the one of the schedule that was due then: its row says that it was made."""
    return backup.origin == BackupOrigin.SCHEDULED and backup.created_at >= due_at


def _counts(backup: Backup, due_at: datetime, moment: datetime) -> bool:
    """Whether it is the one that was due, also a deleted one; one that has failed, for a while."""
    is_enough = backup.problem is None or backup.created_at >= moment - TRY_AGAIN_AFTER
    return is_enough and _is_of(backup, due_at)


def _old(backups: Sequence[Backup], kept: int) -> list[Backup]:
    """More than are kept, and those of the schedule that have failed before the newest."""
    scheduled = [
        one
        for one in backups
        if one.origin == BackupOrigin.SCHEDULED and one.state != BackupState.LEAVING
    ]
    done = [one for one in scheduled if one.state == BackupState.DONE]
    failed = [one for one in scheduled[:-1] if one.state == BackupState.FAILED]
    elsewhere = [one for one in backups if one.elsewhere and one.state == BackupState.DONE]
    return [*done[:-kept], *failed, *elsewhere[:-kept]]
