/** Starts the page: the reader's choices, the session of the cookie, the stream of news, and then the frame. */

import { get } from "./api.js";
import { showChoices } from "./choices.js";
import { tellCellsApart } from "./copied.js";
import { refuseDrops } from "./dropped.js";
import { html, render } from "./html.js";
import { listen } from "./live.js";
import { resume, session } from "./session.js";
import { Frame } from "./shell.js";
import { keepZone } from "./zone.js";

showChoices();
tellCellsApart();
refuseDrops();
resume().catch(() => undefined); // the frame says that the service is away
void listen();
session.watch(({ state }) => {
  if (state === "in") setTimeout(askForZone); // the view asks first
});

function askForZone() {
  get("v1/indicators/settings").then(
    ({ time_zone }) => keepZone(time_zone),
    () => undefined,
  );
}

const place = document.getElementById("page");
if (place) render(html`<${Frame} />`, place);
