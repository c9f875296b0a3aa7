/** A commit as people name it: by the beginning of its id. A version of the archive is named by all of it. */
export const shortId = (id: string): string => (/^[\da-f]{40,}$/u.test(id) ? id.slice(0, 12) : id);
