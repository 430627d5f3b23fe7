"""A network in training, and one step of it: network, optimiser, learning rate and windows.

What a step does is a function of data, seed and the step's number: order, strands, shifts and
dropout follow from these. Several processes that share each batch do what one would, up to the
order of sums.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import lightning_fabric
import torch
from torch import nn

from danq.config import Train
from danq.data.dataset import Dataset
from danq.data.folds import refuse_all_folds, refuse_single_fold
from danq.files import PathLike, hold_outputs, locked
from danq.network.batches import EpochSchedule, Loader
from danq.network.checkpoint import build_from
from danq.network.devices import hold_gpus, leads_processes, open_fabric
from danq.network.layers import Dropout
from danq.network.models import Network
from danq.network.parts import freeze, train_mode
from danq.training.automatic import describe_training_set
from danq.training.clock import Clock
from danq.training.filters import InitialFilters, choose_filters
from danq.training.options import Options, resolve
from danq.training.warm_start import begin_with

SEEDS = 1_000_003
"""Steps of an epoch, and epochs of a training, before their seeds meet those of the next."""


class StepResult(NamedTuple):
    """What a step leaves, summed over the processes that share its batch.

    Attributes
    ----------
    loss_sum : torch.Tensor, float32, ()
        Sum of the losses of the batch's windows.
    n_stopping : torch.Tensor, float32, ()
        Number of processes that a signal asks to stop.
    """

    loss_sum: torch.Tensor
    n_stopping: torch.Tensor


class Share(NamedTuple):
    """The windows of a batch that one process learns from.

    Attributes
    ----------
    windows : range
        Which of the batch.
    weight : float
        Weight of their mean loss in the mean loss of the batch.
    """

    windows: range
    weight: float


@dataclass
class Learner:
    """A network in training, and all that a step needs.

    Attributes
    ----------
    options : danq.training.options.Options
        Of the training.
    fabric : lightning_fabric.Fabric
        The processes that share each batch.
    network : danq.network.models.Network
        The network itself, which has the weights.
    model : torch.nn.Module
        The network as it is called in training: in the chosen precision, its gradients averaged
        over the processes.
    optimizer : torch.optim.Optimizer
        What updates the weights.
    lr_scheduler : torch.optim.lr_scheduler.LRScheduler or None
        What sets the learning rate of each step; None where it stays.
    loader : danq.network.batches.Loader
        The training windows.
    initialised_from : list of str
        The motif that each first filter was initialised from; empty where all are random.
    clock : danq.training.clock.Clock
        Where the time of the steps goes.
    """

    options: Options
    fabric: lightning_fabric.Fabric
    network: Network
    model: nn.Module
    optimizer: torch.optim.Optimizer
    lr_scheduler: torch.optim.lr_scheduler.LRScheduler | None
    loader: Loader
    initialised_from: list[str]
    clock: Clock

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.fabric.device

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and messages."""
        return self.fabric.is_global_zero

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return steps_of_epoch(self.loader, self.options)

    def train_mode(self) -> None:
        """Set the network to training, but its frozen parts."""
        self.model.train()
        train_mode(self.network, self.options.settings.freeze)

    def learn(self, schedule: EpochSchedule, batch: range, seed: int) -> torch.Tensor:
        """Take one step.

        Parameters
        ----------
        schedule : danq.network.batches.EpochSchedule
            The order of the epoch.
        batch : range
            Windows of the schedule; all processes together learn from each of them once.
        seed : int
            Of the step's dropout: see `step_seed`.

        Returns
        -------
        torch.Tensor, float32, ()
            What this process adds to the sum of the losses of the batch's windows.
        """
        _seed(seed, self.device)
        share = share_of(len(batch), self.fabric.global_rank, self.fabric.world_size)
        self._share_dropout(share, len(batch))
        with self.clock("load"):
            start = batch.start + share.windows.start
            end = batch.start + share.windows.stop
            X, y = self.loader.batch(schedule, start, end)
        loss = self._forward(X, y, share, len(batch))
        self._update(loss)
        return loss.detach() * len(batch)

    def sum_over_processes(self, loss_sum: torch.Tensor, stopping: bool) -> StepResult:
        """Sum what a step left over the processes that share its batch.

        Parameters
        ----------
        loss_sum : torch.Tensor, float32, ()
            As `learn` returned it.
        stopping : bool
            Whether a signal asks this process to stop.

        Returns
        -------
        StepResult
        """
        sums = torch.stack([loss_sum, torch.full_like(loss_sum, float(stopping))])
        if self.fabric.world_size > 1:
            sums = self.fabric.all_reduce(sums, reduce_op="sum")
        return StepResult(loss_sum=sums[0], n_stopping=sums[1])

    def share_dropout(self, share: tuple[int, int, int] | None) -> None:
        """Tell the dropout layers which windows of a batch this process has.

        Parameters
        ----------
        share : tuple of (int, int, int), or None
            First and last (exclusive) window of this process, and windows of the whole batch; None
            for a batch that is not shared.
        """
        for layer in self.network.modules():
            if isinstance(layer, Dropout):
                layer.share = share

    def _share_dropout(self, share: Share, n: int) -> None:
        """Let every process drop what one process would drop in its part of the batch."""
        if self.fabric.world_size > 1:
            self.share_dropout((share.windows.start, share.windows.stop, n))

    def _forward(self, X: torch.Tensor, y: torch.Tensor, share: Share, n: int) -> torch.Tensor:
        """Return what the loss of this process adds to the mean over the batch."""
        recipe = self.options.recipe
        with self.clock("forward"):
            logits = self.model(X)
            loss = recipe.loss(self.network, logits.float(), y, n)
            return loss * share.weight

    def _update(self, loss: torch.Tensor) -> None:
        """Move the weights against the gradient of the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        with self.clock("backward"):
            # Gradients are averaged over the processes, but their sum is wanted.
            self.fabric.backward(loss * self.fabric.world_size)
        with self.clock("update"):
            self.options.recipe.constrain(self.network)
            self.optimizer.step()
            if self.lr_scheduler is not None:
                self.lr_scheduler.step()


def _seed(seed: int, device: torch.device) -> None:
    """Seed the random numbers of a device."""
    if device.type == "cpu":
        # torch.manual_seed would note down the calls that lead here, for a GPU that may come.
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def step_seed(seed: int, epoch: int, step: int) -> int:
    """Return the seed of one step's dropout.

    Parameters
    ----------
    seed : int
        Of the training.
    epoch, step : int
        Counted from 0.

    Returns
    -------
    int
        Less than 2**63.
    """
    number = (seed * SEEDS + epoch) * SEEDS + step
    return number % 2**63


def share_of(n: int, rank: int, world: int) -> Share:
    """Return what one of several processes learns from in a batch.

    Parameters
    ----------
    n : int
        Windows of the batch.
    rank, world : int
        Number of the process, from 0, and number of processes.

    Returns
    -------
    Share
        A process without a window of its own takes the first one, which then does not count.

    Examples
    --------
    >>> share_of(5, 0, 2), share_of(5, 1, 2)
    (Share(windows=range(0, 2), weight=0.4), Share(windows=range(2, 5), weight=0.6))
    """
    first = n * rank // world
    last = n * (rank + 1) // world
    weight = (last - first) / n
    windows = range(first, last)
    if not windows:
        windows = range(1)
    return Share(windows, weight)


def steps_of_epoch(loader: Loader, options: Options) -> int:
    """Return how many steps an epoch has, the last of which may have fewer windows.

    Parameters
    ----------
    loader : danq.network.batches.Loader
        The training windows.
    options : danq.training.options.Options
        Of the training.

    Returns
    -------
    int
    """
    return -(-loader.epoch_size // options.batch_size)


@contextlib.contextmanager
def claim(checkpoint: PathLike, settings: Train, others: Iterable[PathLike] = ()) -> Iterator[None]:
    """Hold the outputs of a training, and its GPUs, for this training alone.

    Of several processes that share a training, the leading one locks ``<checkpoint>.lock`` while
    the block runs, and holds the other outputs. Call it before signals are caught, see
    `claim_devices`.

    Parameters
    ----------
    checkpoint : str or path-like
        The checkpoint that the training makes.
    settings : danq.config.Train
        How many processes train, and on which devices.
    others : iterable of path
        Its other files to make.

    Yields
    ------
    None

    Raises
    ------
    DanqError
        Another training works on one of these files.
    """
    what = "another danq train works on this output; wait until it ends, or name another output"
    with contextlib.ExitStack() as stack:
        if leads_processes(settings.devices, settings.nodes):
            stack.enter_context(locked(f"{checkpoint}.lock", f"{checkpoint}: {what}"))
            stack.enter_context(hold_outputs(others))
        claim_devices(settings)
        yield


def claim_devices(settings: Train) -> None:
    """Hold the GPUs that a training computes on, so that no other process takes them.

    It waits while others hold them. A signal must still end that wait, so call it before signals
    are caught.

    Parameters
    ----------
    settings : danq.config.Train
        Its ``device`` says whether a GPU is wanted, its ``devices`` how many.
    """
    if settings.device in ("auto", "cuda"):
        hold_gpus(settings.devices)


def set_up(
    dataset: Dataset,
    settings: Train,
    *,
    model: str,
    seed: int,
    motifs: str,
    threads: int,
    final: bool = False,
) -> Learner:
    """Make a network with its first weights, and all that trains it.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file; stays open as long as the network trains.
    settings : danq.config.Train
        As configured; the recipe and the machine fill in what is left out.
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`, for filters that are initialised from them.
    threads : int
        CPU threads.
    final : bool
        Whether it is trained on every window, of a dataset of all folds; others are of one split.

    Returns
    -------
    Learner
        Where several processes share each batch, they are started here.

    Raises
    ------
    DanqError
        The device is not there, or cannot compute in this precision; the processes do not start;
        the dataset is of all folds, or not as it should be; no training window has a label where
        labels are counted; filters cannot be initialised from these motifs; or the checkpoint to
        begin with does not fit.
    """
    if final:
        refuse_single_fold(dataset)
    else:
        refuse_all_folds(dataset, "to train on")
    training_set = describe_training_set(dataset)
    options = resolve(settings, training_set, model=model, seed=seed)
    fabric = open_fabric(options.device, options.precision, settings.devices, settings.nodes)
    torch.set_num_threads(threads)  # after the launch, which sets a number of its own
    loader = _open_loader(dataset, options, fabric.device)
    network = _build(dataset, options)
    filters = choose_filters(dataset, options, motifs, network)
    if filters is not None:
        options = options.with_motifs(filters.checksum)
    initialised_from = _initialise(network, filters, options.seed)
    if options.start is not None:
        initialised_from = begin_with(options.start, network, dataset)
    freeze(network, options.settings.freeze)
    network.to(fabric.device)
    recipe = options.recipe
    optimizer = recipe.optimizer(network, options.lr, options.weight_decay)
    steps = steps_of_epoch(loader, options) * options.epochs
    lr_scheduler = recipe.lr_scheduler(optimizer, options.lr, steps)
    shared, optimizer = fabric.setup(network, optimizer)
    return Learner(
        options=options,
        fabric=fabric,
        network=network,
        model=shared,
        optimizer=optimizer,
        lr_scheduler=lr_scheduler,
        loader=loader,
        initialised_from=initialised_from,
        clock=Clock(fabric.device),
    )


def _open_loader(dataset: Dataset, options: Options, device: torch.device) -> Loader:
    settings = options.settings
    return Loader(
        dataset,
        device,
        settings.memory * 1e9,
        shift=settings.shift or 0,
        negatives=settings.negatives,
        balance=bool(settings.balance),
        both_strands=options.recipe.both_strands,
        epoch_size=settings.epoch_size,
    )


def _build(dataset: Dataset, options: Options) -> Network:
    """Return the network with its random weights, on the CPU."""
    torch.manual_seed(options.seed)
    n_targets = len(dataset.names)
    network = build_from(options.to_dict(), dataset.window, n_targets, options.sizes)
    options.recipe.initialise(network)
    return network


def _initialise(network: Network, filters: InitialFilters | None, seed: int) -> list[str]:
    """Initialise the first filters from motifs, where they are wanted; return their names."""
    if filters is None:
        return []
    return filters.initialise(network, torch.Generator().manual_seed(seed))
