"""Many processes that work as one: what they add up, share out and tell each other.

torchrun starts them and says which is which. What crosses between them are numbers, tensors and plain Python values
of our own making; nothing from a stranger.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import Store  # type: ignore[attr-defined]  # torch does not say that it exports it

from striate.core import ranks
from striate.core.errors import StriateError
from striate.runtime.meeting import meet

# The first process may examine a large folder while the others wait. A lost one is noticed by torchrun, not by this.
_PATIENCE = timedelta(hours=12)

_LOST = re.compile(r"gloo|NCCL|[Cc]onnection (reset|closed|refused)")  # in the message of a torch.distributed error

T = TypeVar("T")


class Group:
    """The processes that work together.

    Args:
        rank: this one's number.
        world: how many there are.
        launch: what torchrun keeps for this launch through its restarts; None where there is no such thing.
    """

    def __init__(self, rank: int = 0, world: int = 1, launch: Store | None = None) -> None:
        self.rank, self.world, self._launch = rank, world, launch

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def add(self, numbers: Tensor) -> Tensor:
        """Return the sum of `numbers` over all processes; the same bits in each."""
        if self.world > 1:
            dist.all_reduce(numbers)
        return numbers

    def any(self, *, wish: bool) -> bool:
        """Say whether any process has this wish; all must ask."""
        return wish if self.world == 1 else bool(self.add(torch.tensor(int(wish))).item())

    def gather(self, value: T) -> list[T]:
        """Return every process's value, in order of rank."""
        if self.world == 1:
            return [value]
        values: list[T | None] = [None] * self.world
        dist.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def share(self, value: T) -> T:
        """Return the first process's value; what the others give is not looked at."""
        if self.world == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def first_does(self, work: Callable[[], T]) -> T:
        """Let the first process do `work` while the others wait; return its result, or raise its error, in all."""
        done: tuple[T | None, StriateError | None] = (None, None)
        if self.first:
            try:
                done = (work(), None)
            except StriateError as error:
                done = (None, error)
        result, failed = self.share(done)
        if failed is not None:
            raise failed
        return result  # type: ignore[return-value]

    def note(self, name: str, value: str) -> None:
        """Keep `value` for those that torchrun starts anew in place of these processes."""
        if self._launch is not None:
            self._launch.set(name, value)

    def noted(self, name: str) -> str | None:
        """Return what was noted in this launch, by these processes or those before them; None if nothing was."""
        if self._launch is None or not self._launch.check([name]):
            return None
        return str(self._launch.get(name).decode())

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.world > 1:
            dist.barrier()

    def part(self, things: Sequence[T]) -> Sequence[T]:
        """Return this process's share of `things`: each `world`-th, from its rank on."""
        return things[self.rank :: self.world]

    def parallel(self, network: nn.Module) -> nn.Module:
        """Return `network` so that its gradients become the mean over all processes."""
        if self.world == 1 or not any(parameter.requires_grad for parameter in network.parameters()):
            return network
        with warnings.catch_warnings():  # torch 2.13 renames the option; its successor is not in 2.9
            warnings.simplefilter("ignore", FutureWarning)
            return nn.parallel.DistributedDataParallel(network, broadcast_buffers=False, gradient_as_bucket_view=True)

    def adding(self, numbers: Tensor, network: nn.Module | None = None) -> Callable[[], Tensor]:
        """Begin to add `numbers` up over all processes; what is returned waits for their sum and returns it.

        Work between the two goes on meanwhile, so that no process waits for one that is a little behind.

        Args:
            numbers: (M,) float32.
            network: its buffers of floating point, such as batch norm's statistics, cross with them, and are replaced
                by their mean over all processes before the sum is returned.
        """
        if self.world == 1:
            return lambda: numbers
        buffers = [buffer for buffer in network.buffers() if buffer.is_floating_point()] if network is not None else []
        told = torch.cat([numbers, *(buffer.flatten() for buffer in buffers)])
        work = dist.all_reduce(told, async_op=True)

        def total() -> Tensor:
            work.wait()
            summed, *sums = torch.split(told, [len(numbers), *(buffer.numel() for buffer in buffers)])
            for buffer, each in zip(buffers, sums, strict=True):
                # Unseen by autograd: a layer that only reads its statistics has kept them for its backward pass.
                buffer.data.copy_((each / self.world).view_as(buffer))
            return summed

        return total


ALONE = Group()


@contextmanager
def together() -> Iterator[Group]:
    """Join the processes that torchrun started, until the end of the block; alone where there are no others."""
    if ranks.world() == 1:
        yield ALONE
        return
    if dist.is_initialized():  # the caller has joined them already
        yield Group(dist.get_rank(), dist.get_world_size())
        return
    if ranks.place_on_this_host() < torch.cuda.device_count():
        torch.cuda.set_device(ranks.place_on_this_host())
    launch, store, rank, world = meet(_PATIENCE)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=_PATIENCE)
    try:
        yield Group(rank, world, launch)
    except RuntimeError as error:
        if not _LOST.search(str(error)):
            raise
        raise StriateError(
            f"process {ranks.rank()} of {ranks.world()} lost touch with another; what became of that one stands "
            "above. With --max-restarts torchrun starts all of them again; what was saved is untouched"
        ) from error
    finally:
        dist.destroy_process_group()
