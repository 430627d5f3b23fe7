"""The curves of a training for TensorBoard, where that is installed."""

from typing import Any

from danq.training.progress import Row


class Curves:
    """Writes the rows of a history as TensorBoard's scalars.

    Parameters
    ----------
    folder : str
        Where TensorBoard finds them.
    first_epoch : int
        The first epoch, counted from 1, that will be added. What a training that was cut off wrote
        from there on is hidden.
    active : bool
        Whether this process writes at all.
    """

    def __init__(self, folder: str, first_epoch: int, active: bool) -> None:
        self._writer: Any = None
        if active:
            self._writer = _open_writer(folder, first_epoch)

    def add(self, row: Row) -> None:
        """Add a row of the history: each of its fractional numbers is a point of a curve."""
        if self._writer is None:
            return
        for name, value in row.items():
            if isinstance(value, float):
                self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()


def _open_writer(folder: str, first_epoch: int) -> Any:
    """Return TensorBoard's writer, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(folder, purge_step=first_epoch)
