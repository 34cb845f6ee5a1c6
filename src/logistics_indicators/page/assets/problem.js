/** What an answer says that is not well. */

/** What the service answers when it does not do what was asked (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status 0: the service was not reached
   * @param {string} title
   * @param {string} detail
   * @param {{ loc: (string | number)[], msg: string }[]} [errors]
   */
  constructor(status, title, detail, errors = []) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.errors = errors;
  }
}

/** @param {Response} answer */
export async function good(answer) {
  if (answer.ok) return answer;
  throw problemOf(answer.status, await answer.text());
}

/** @param {number} status @param {string} text */
export function problemOf(status, text) {
  try {
    const { title = "", detail = "", errors = [] } = JSON.parse(text);
    return new Problem(status, title, detail, errors);
  } catch {
    return new Problem(status, String(status), "");
  }
}
