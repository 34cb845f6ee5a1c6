/**
 * Files on their way, in the browser's own database: they are there again after a reload. Each is its sender's alone,
 * and a sign-out takes all of them away.
 */

/** @typedef {import("./sending.js").Item} Item */

const NAME = "logistics-indicators.uploads";
const STORE = "items";

/** Steps of a file that the service has not got as a whole. */
export const UNDER_WAY = ["waiting", "sending", "paused"];

/** @returns {Promise<IDBDatabase | null>} null where the browser keeps nothing */
function open() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T | null>}
 */
async function within(mode, act) {
  const database = await open();
  if (database === null) return null;
  return await new Promise((resolve) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.onabort = () => resolve(null); // no room for it: then it does not outlive the page
    transaction.oncomplete = () => {
      database.close();
      resolve(request.result);
    };
  });
}

/** @param {Item} item */
export const keep = (item) => within("readwrite", (store) => store.put(item));
/** @param {string} id */
export const forget = (id) => within("readwrite", (store) => store.delete(id));

/** @returns {Promise<Item[] | null>} null where the browser keeps nothing */
export const kept = () => within("readonly", (store) => /** @type {IDBRequest<Item[]>} */ (store.getAll()));

/** This user's files that the service has not got as a whole, whichever tab sends them. @param {number} user */
export async function underWay(user) {
  return ((await kept()) ?? []).filter((item) => item.user === user && UNDER_WAY.includes(item.step));
}

/** Nothing of anybody stays. */
export const clear = () => void indexedDB.deleteDatabase(NAME);
