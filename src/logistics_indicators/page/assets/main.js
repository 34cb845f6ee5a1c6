/** Starts the page: the reader's choices, the session of the cookie, the stream of news, and then the frame. */

import { showChoices } from "./choices.js";
import { html, render } from "./html.js";
import { listen } from "./live.js";
import { resume } from "./session.js";
import { Frame } from "./shell.js";

showChoices();
resume().catch(() => undefined); // the frame says that the service is away
listen();
const place = document.getElementById("page");
if (place) render(html`<${Frame} />`, place);
