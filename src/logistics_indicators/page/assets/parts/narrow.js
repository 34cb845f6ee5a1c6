/** Whether the screen is a phone's, upright or lying (as in page.css): there, what is seldom changed folds. */

import { useEffect, useState } from "../html.js";

const PHONE = matchMedia("(max-width: 40rem), (max-width: 60rem) and (max-height: 30rem)");

export function useNarrow() {
  const [narrow, setNarrow] = useState(PHONE.matches);
  useEffect(() => {
    const look = () => setNarrow(PHONE.matches);
    PHONE.addEventListener("change", look);
    look();
    return () => PHONE.removeEventListener("change", look);
  }, []);
  return narrow;
}
