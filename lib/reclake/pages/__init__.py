"""Pages to open: one static file each, in Chinese and English, that refers to nothing outside itself."""
