/** Whether the screen is a phone's: there, what is seldom changed folds. */

import { useEffect, useState } from "../html.js";

const PHONE = matchMedia("(max-width: 40rem)");

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
