"""Homeroom. `python main.py` serves; `main:app` is the application for any ASGI server."""

from api.app import create_app
from api.cli import main
from api.settings import load_settings

if __name__ == "__main__":
    main()
else:
    app = create_app(load_settings())
