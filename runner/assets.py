"""Other people's files that our pages load (plotly, htmx, fonts), gathered from npm and wheels into DATA_DIR."""

import filecmp
import importlib.util
import shutil
import sys
from pathlib import Path

from runner import env

ROOT = Path(__file__).resolve().parent.parent
FROM_NPM = {
    "plotly-basic.min.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
    "plotly.license.txt": "plotly.js-basic-dist-min/LICENSE",
    "inter-latin-wght-normal.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter.license.txt": "@fontsource-variable/inter/LICENSE",
    "jetbrains-mono-latin-400-normal.woff2": "@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2",
    "jetbrains-mono-latin-500-normal.woff2": "@fontsource/jetbrains-mono/files/jetbrains-mono-latin-500-normal.woff2",
    "jetbrains-mono.license.txt": "@fontsource/jetbrains-mono/LICENSE",
}
FROM_DJANGO_HTMX = {"htmx.min.js": "static/django_htmx/htmx-2.min.js"}


def install(data_dir: Path) -> Path:
    """Copies what changed into `data_dir/assets/vendor`, pages name it `vendor/…`; returns `data_dir/assets`.

    Raises FileNotFoundError naming the missing file when `npm ci` has not run.
    """
    vendor = data_dir / "assets" / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    wanted = {name: ROOT / "node_modules" / path for name, path in FROM_NPM.items()}
    wanted |= {name: _django_htmx() / path for name, path in FROM_DJANGO_HTMX.items()}
    for stranger in [path for path in vendor.iterdir() if path.name not in wanted]:
        stranger.unlink()
    for name, source in wanted.items():
        if not (vendor / name).exists() or not filecmp.cmp(source, vendor / name):
            shutil.copyfile(source, vendor / name)
            shutil.copystat(source, vendor / name)  # filecmp trusts equal size and time
    return vendor.parent


def _django_htmx() -> Path:
    found = importlib.util.find_spec("django_htmx")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package django-htmx is not installed")
    return Path(found.origin).parent


if __name__ == "__main__":
    try:
        install(env.data_dir(ROOT))
    except FileNotFoundError as missing:
        sys.exit(f"{missing}: run `make run` or `make test`, which fetch the npm packages")
