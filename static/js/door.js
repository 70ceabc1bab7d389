// A page that waits for its opening: the time left, and the moment on the visitor's clock.
import "./countdown.js";
import { ownClocks } from "./own-clock.js";

ownClocks();
document.querySelector("[aria-invalid=true]")?.focus();
