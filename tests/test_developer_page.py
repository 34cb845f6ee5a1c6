"""docs/developer.md runs as it is pasted: its blocks of shell first, then its blocks of Python, in one process each.

So do the documents one after the other, on one service.
"""

import json
import re
import sys

import httpx
import pytest
from test_readme import ROOT, TRUTH, run_in_bash, tour

PAGE = (ROOT / "docs/developer.md").read_text()
(UPLOAD,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/uploads.md").read_text(), re.DOTALL)
SHELL, PYTHON = ("\n".join(re.findall(rf"```{name}\n(.*?)```", PAGE, re.DOTALL)) for name in ("sh", "python"))


@pytest.mark.parametrize("before", [False, True], ids=["on a new service", "after the tour of the README"])
async def test_the_blocks_do_the_job(service_url: str, before: bool) -> None:
    script = f'{SHELL}\n"$PYTHON" -c "$BLOCKS"\n"$PYTHON" -c "$UPLOAD" >&2\n'
    if before:
        script = tour(service_url).replace("curl -sS", "curl -sS --fail-with-body") + script
    blocks = {"BLOCKS": PYTHON + OUTCOME, "UPLOAD": UPLOAD}
    code, out, err = await run_in_bash(script, ROOT, LOGISTICS_URL=service_url, PYTHON=sys.executable, **blocks)
    assert code == 0, err + out
    said = json.loads(out.splitlines()[-1])
    assert said["rows_read"] == TRUTH["stored"] + sum(TRUTH["rejected"].values())
    assert said["mend"] == "completed"
    assert said["visits"] == said["of_the_state"] > 100
    assert "unknown query parameter; there are: aberto" in out
    assert "the data are at version" in out


OUTCOME = """
while mend["status"] in ("received", "loading"):
    mend = api.get(f"/loads/{mend['id']}").json()
total = api.get("/services/total", params={"uf": "SC", "aberto": False}).json()["total"]
outcome = {"rows_read": load["rows_read"], "mend": mend["status"], "visits": len(visits), "of_the_state": total}
print(json.dumps(outcome))
"""


async def test_the_page_s_token_may_not_do_more_than_it_says(service_url: str) -> None:
    _, out, _ = await run_in_bash(f'{SHELL}\necho "$LOGISTICS_TOKEN"', ROOT, LOGISTICS_URL=service_url)
    headers = {"Authorization": f"Bearer {out.splitlines()[-1]}"}
    async with httpx.AsyncClient(base_url=service_url, headers=headers) as client:
        assert (await client.get("/v1/services")).status_code == 200
        assert (await client.get("/v1/users")).status_code == 403
