// The page of one result. Loaded again it shows what stands in it; only a test of staff plays by itself.
import { dress, play } from "./reveal.js";

for (const card of document.querySelectorAll("[data-reveal]")) {
  dress(card);
  if ("autoplay" in card.dataset) play(card);
}
