/** How wide the screen is (as in page.css): on a phone, upright or lying, what is seldom changed folds. */

import { useEffect, useState } from "../html.js";

const PHONE = matchMedia("(max-width: 40rem), (max-width: 60rem) and (max-height: 30rem)");
/** All views stand in one line beside the rest of the bar. */
const BAR = matchMedia("(min-width: 56.01rem) and (min-height: 30.01rem), (min-width: 60.01rem)");

export const useNarrow = () => useMedia(PHONE);
export const useBar = () => useMedia(BAR);

/** @param {MediaQueryList} media */
function useMedia(media) {
  const [matches, setMatches] = useState(media.matches);
  useEffect(() => {
    const look = () => setMatches(media.matches);
    media.addEventListener("change", look);
    look();
    return () => media.removeEventListener("change", look);
  }, []);
  return matches;
}
