"""docs/developer.md runs as it is pasted: its blocks of shell first, then its blocks of Python, in one process each."""

import json
import re
import sys

import httpx
from test_readme import ROOT, TRUTH, run_in_bash

PAGE = (ROOT / "docs/developer.md").read_text()
SHELL, PYTHON = ("\n".join(re.findall(rf"```{name}\n(.*?)```", PAGE, re.DOTALL)) for name in ("sh", "python"))


async def test_the_blocks_do_the_job(service_url: str) -> None:
    script = f'{SHELL}\n"$PYTHON" -c "$BLOCKS"\n'
    code, out, err = await run_in_bash(
        script, ROOT, LOGISTICS_URL=service_url, PYTHON=sys.executable, BLOCKS=PYTHON + OUTCOME
    )
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
