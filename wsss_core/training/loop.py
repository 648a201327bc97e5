"""The one training loop: steps, history, validation, and states from which a stopped training goes on exactly.

Read `fit` from top to bottom; everything else here serves it.
"""

import logging
import math
import signal
import time
from collections.abc import Iterator, Mapping
from itertools import islice

import torch

from wsss_core.progress import Progress, stage_job
from wsss_core.settings.training import LoopSettings
from wsss_core.stages.context import StageContext
from wsss_core.training import history, processes, tensorboard
from wsss_core.training.determinism import deterministic_algorithms
from wsss_core.training.history import HistoryRow, RunningMeans, Value
from wsss_core.training.interruption import StopRequest, TrainingInterrupted
from wsss_core.training.loader import batches
from wsss_core.training.optimisers import build_optimiser, set_learning_rate
from wsss_core.training.resume import (
    FOLDER_NAME,
    StateStore,
    TrainingState,
    random_states,
    restore_random_states,
)
from wsss_core.training.sampling import PieceSampler, steps_per_epoch
from wsss_core.training.schedules import learning_rate
from wsss_core.training.task import Batch, Task

logger = logging.getLogger(__name__)


class TrainingDiverged(RuntimeError):
    """The loss or a weight is no longer a finite number."""

    def __init__(self, where: str, what: str, rate: float) -> None:
        super().__init__(
            f"{where}: expected a finite number, found {what} at learning rate {rate:.3g}. To do: lower "
            "`learning_rate` (ResNet38 needs 0.01 where VGG16 takes 0.1), set `warmup_steps`, or check that the "
            "pretrained weights belong to this network. The last good state is kept."
        )


def fit(task: Task, settings: LoopSettings, context: StageContext) -> list[HistoryRow]:
    """Train `task.network` and publish it, with its history, in the stage's folder; return the history.

    A state of the same `context.run_key` (see `stages.run_key`) in `<folder>/resume` is continued: the result has the
    bytes of an unbroken training. The caller sets the number of torch threads and, before building the network, the
    seed.

    Raises:
        ValueError: there is no image, or nothing to learn.
        TrainingDiverged: NaN or infinity; the last state is kept.
        TrainingInterrupted: SIGINT or SIGTERM came; the state is kept.
    """
    run = _Run(task, settings, context)
    with (
        deterministic_algorithms(settings.deterministic),
        StopRequest() as stop,
        Progress(run.job, run.total, "step", run.step) as progress,
    ):
        pieces = run.batches()
        task.start_training_mode()
        while run.step < run.total:
            loss, stopped = run.train_step(pieces, stop.signal is not None)
            run.record_step()
            if run.ends_epoch():
                run.record_epoch()
            stopped = stopped or (stop.signal is not None and processes.size() == 1)
            if stopped or run.save_is_due():
                run.save()
            progress.advance(f"loss {loss:.4f}")
            if stopped:
                logger.warning("stopped at step %d of %d, state kept; run again to go on", run.step, run.total)
                raise TrainingInterrupted(stop.signal or signal.SIGTERM)
    run.publish()
    return run.rows


class _Run:
    """The moving parts of one training."""

    def __init__(self, task: Task, settings: LoopSettings, context: StageContext) -> None:
        self.task, self.settings, self.context = task, settings, context
        self.where = f"stage {context.stage!r}"
        self.is_main = processes.rank() == 0
        self.job = stage_job(context.folder) + ("" if self.is_main else f"/process {processes.rank()}")
        self.count = len(task.samples)
        self.per_epoch = steps_per_epoch(self.count, settings.batch)
        self.total = settings.steps or (settings.epochs or 0) * self.per_epoch
        self.batch = min(settings.batch, self.count)
        if self.batch < settings.batch:
            logger.warning(
                "%s: %d images are fewer than `batch` %d; all of them form the batch of every step",
                self.where,
                self.count,
                settings.batch,
            )
        self.device = torch.device(context.device)
        task.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = build_optimiser(task.network, task.parameter_groups(), settings, task.group_rules())
        self.store = StateStore(context.folder / FOLDER_NAME, context.run_key)
        self.step, self.time_s, self.rows = 0, 0.0, list[HistoryRow]()
        self.since_row, self.in_epoch = RunningMeans(), RunningMeans()
        with processes.main_first():  # it deletes states that are damaged
            self._restore(self.store.load())
        self._saved_at = self._clock = time.monotonic()
        shows = settings.tensorboard and self.is_main
        self._live_events = tensorboard.event_writer(context.folder, self.step) if shows else None
        rank, size = processes.rank(), processes.size()
        self.sampler = PieceSampler(
            self.count, self.batch, settings.accumulate, context.seed, self.step, self.total, rank, size
        )

    def batches(self) -> Iterator[Batch]:
        """Pieces of all steps to come."""
        return batches(self.task.samples, self.sampler, self.context.workers, self.device)

    def train_step(self, pieces: Iterator[Batch], stop: bool) -> tuple[float, bool]:
        """One update from the next batch; returns the loss, and whether one of several processes was asked to stop."""
        self.task.epoch = self.step // self.per_epoch
        processes.seed_step(self.context.seed, self.step)
        rate = learning_rate(self.step, self.total, self.settings)
        set_learning_rate(self.optimiser, rate)
        self.optimiser.zero_grad(set_to_none=True)
        figures: dict[str, float] = {}
        for piece in islice(pieces, self.sampler.pieces_per_step):
            share = len(next(iter(piece.values()))) / self.batch
            loss, logs = self._loss(piece)
            for name, value in {"loss": float(loss.detach()), **logs}.items():
                figures[name] = figures.get(name, 0.0) + share * value
            (loss * share).backward()  # also of NaN: other processes may wait for it, and all are told below
        figures, stopped = processes.sum_figures(figures, stop, self.device)
        if not math.isfinite(figures["loss"]):
            raise TrainingDiverged(f"{self.where}, step {self.step}", f"loss {figures['loss']}", rate)
        processes.sum_gradients(self.task.network.parameters())
        if self.settings.gradient_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.task.network.parameters(), self.settings.gradient_norm)
        self.optimiser.step()
        self.step += 1
        figures["step_s"] = self._lap()
        self.since_row.add(figures)
        self.in_epoch.add(figures)
        return figures["loss"], stopped

    def _loss(self, piece: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16"):
            return self.task.loss(piece)

    def _lap(self) -> float:
        now = time.monotonic()
        lap, self._clock = now - self._clock, now
        self.time_s += lap
        return lap

    def record_step(self) -> None:
        """A history row every so many steps, and after the last."""
        if self.step % self.settings.log_every_steps == 0 or self.step == self.total:
            rate = learning_rate(self.step - 1, self.total, self.settings)
            self._record("step", {"lr": rate, **self._with_pace(self.since_row.take())})

    def ends_epoch(self) -> bool:
        """Whether an epoch, or the training within one, has just ended."""
        return self.step % self.per_epoch == 0 or self.step == self.total

    def record_epoch(self) -> None:
        """A history row with the epoch's means and, when it is due, the validation."""
        figures: dict[str, Value] = {**self._with_pace(self.in_epoch.take())}
        every = self.settings.validate_every_epochs
        if self.is_main and every and (self.step == self.total or (self.step // self.per_epoch) % every == 0):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16"):
                validation = self.task.validate()
            figures.update({f"val_{name}": value for name, value in validation.items()})
            self.task.start_training_mode()
            figures["val_s"] = self._lap()
        self._record("epoch", figures)

    def _with_pace(self, means: dict[str, float]) -> dict[str, float]:
        return {**means, "images_per_s": self.batch / max(means["step_s"], 1e-9)}

    def _record(self, kind: str, figures: Mapping[str, Value]) -> None:
        place: dict[str, Value] = {
            "kind": kind,
            "step": self.step,
            "epoch": self.step / self.per_epoch,
            "time_s": self.time_s,
        }
        row: HistoryRow = {**place, **figures}
        self.rows.append(row)
        shown = {name: round(value, 5) for name, value in row.items() if isinstance(value, float)}
        logger.log(logging.INFO if kind == "epoch" else logging.DEBUG, "%s: step %d %s", self.where, self.step, shown)
        if self._live_events is not None:
            self._live_events(row)

    def save_is_due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() - self._saved_at >= self.settings.checkpoint_every_s

    def save(self) -> None:
        """Keep the present state, unless a weight is broken."""
        self._check_weights()
        if not self.is_main:
            return
        self.store.save(
            TrainingState(
                step=self.step,
                network=self.task.network.state_dict(),
                optimiser=self.optimiser.state_dict(),
                random_states=random_states(self.device),
                task=self.task.state(),
                rows=self.rows,
                means={"since_row": self.since_row.state, "in_epoch": self.in_epoch.state},
                time_s=self.time_s,
            )
        )
        self._saved_at = self._clock = time.monotonic()

    def _restore(self, state: TrainingState | None) -> None:
        if state is None:
            return
        self.task.network.load_state_dict(state.network)
        self.optimiser.load_state_dict(state.optimiser)
        restore_random_states(state.random_states, self.device)
        self.task.restore(state.task)
        self.step, self.time_s, self.rows = state.step, state.time_s, state.rows
        self.since_row = RunningMeans(state.means["since_row"])
        self.in_epoch = RunningMeans(state.means["in_epoch"])
        logger.info("%s: goes on after step %d of %d", self.where, self.step, self.total)

    def _check_weights(self) -> None:
        for name, parameter in self.task.network.named_parameters():
            if not bool(torch.isfinite(parameter).all()):
                rate = learning_rate(self.step - 1, self.total, self.settings)
                raise TrainingDiverged(f"{self.where}, step {self.step}", f"NaN or infinity in {name!r}", rate)

    def publish(self) -> None:
        """Publish network and history, then drop the states."""
        self._check_weights()
        if not self.is_main:
            return
        self.task.network.eval()
        self.task.publish(self.context.folder)
        history.publish(self.rows, self.context.folder)
        self.store.clear()
