"""Writes scripts/page/types/api.d.ts: the API as the page's modules read it, from the service's own document."""

import json
import subprocess
import tempfile
from pathlib import Path

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

TOOLS = Path(__file__).parent / "page"
TYPES = TOOLS / "types/api.d.ts"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(create_app(Settings(data_dir=Path(folder))).openapi()), "utf-8")
        TYPES.parent.mkdir(exist_ok=True)
        command = ["npx", "openapi-typescript", str(document), "--output", str(TYPES)]
        subprocess.run(command, cwd=TOOLS, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
