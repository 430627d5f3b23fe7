"""What training shows of a window: either strand, shifted, with the genome's own bases at its ends.

A window comes with flanks as long as the largest shift; what is shown is cut out of both.
"""

import torch


def reverse_complement(X: torch.Tensor) -> torch.Tensor:
    """Return the reverse complements of one-hot windows X (n, 4, L), in the same shape.

    Flipping positions and channels gives them, because the alphabet reversed is its own complement.
    """
    return X.flip(1, 2)


def augment(
    X: torch.Tensor, reverse_complemented: torch.Tensor, shifts: torch.Tensor, window: int
) -> torch.Tensor:
    """Show windows from either strand, and shifted.

    Parameters
    ----------
    X : torch.Tensor, shape (n, 4, L + 2 s)
        One-hot windows with s bp on either side, of any type.
    reverse_complemented : torch.Tensor, shape (n,), bool
        Where to show the reverse complement.
    shifts : torch.Tensor, shape (n,), int64
        0 to 2 s, along the strand that is shown; s is no shift.
    window : int
        L (bp).

    Returns
    -------
    torch.Tensor, shape (n, 4, L)
    """
    is_reverse = reverse_complemented.view(-1, 1, 1)
    X = torch.where(is_reverse, reverse_complement(X), X)
    if X.shape[2] == window:
        return X
    rows = torch.arange(len(X), device=X.device)
    places = X.unfold(2, window, 1)  # (n, 4, 2 s + 1, L), a view
    return places.transpose(1, 2)[rows, shifts]


def shift_line(shift: int, margin: int) -> str | None:
    """Say which bases enter at the ends of shifted windows, where some of them are unknown.

    Parameters
    ----------
    shift : int
        Largest shift (bp).
    margin : int
        Bases on either side of each training window that the dataset has (bp).

    Returns
    -------
    str or None
        None where all of them are the genome's own.

    Examples
    --------
    >>> shift_line(10, 16) is None
    True
    """
    if shift <= margin:
        return None
    entering = f"shift {shift}: unknown bases enter at the ends of shifted windows"
    if margin == 0:
        return f"{entering}, since the dataset has no margins (extract.margin)"
    return f"{entering} beyond the dataset's margins of {margin} bp (extract.margin)"
