"""Formats that Pillow is asked to read. It knows many more, some of which start another program (EPS: Ghostscript)."""

PHOTOGRAPHS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "TGA", "PCX", "ICO")
LABEL_MAPS = ("PNG", "TIFF", "BMP", "GIF")
"""Those that lose nothing and have a palette or grey values."""
