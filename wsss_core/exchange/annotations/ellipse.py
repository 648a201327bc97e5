"""Ellipses as polygons, for tools that draw them."""

import numpy as np

_CORNERS = 72


def ellipse_polygon(
    centre_xy: tuple[float, float], radii_xy: tuple[float, float], rotation_deg: float = 0.0
) -> np.ndarray:
    """Corners float (P, 2) of x, y in pixels on the ellipse, which is turned clockwise as it is seen."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    points = np.stack([radii_xy[0] * np.cos(angles), radii_xy[1] * np.sin(angles)], axis=1)
    turn = np.deg2rad(rotation_deg)
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(turned + np.array(centre_xy))
