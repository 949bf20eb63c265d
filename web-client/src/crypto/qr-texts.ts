// What Sotto's QR codes say: the same words on both sides, so that either can scan the other.

const SAFETY = 'sotto-safety:1:';
const LINK = 'sotto-link:1:';

export function safetyText(number: string): string {
  return SAFETY + number;
}

export function linkText(code: string): string {
  return LINK + code;
}

/** The sixty digits in a scanned text; null where it is something else. */
export function readSafety(text: string): string | null {
  return /^\d{60}$/.test(text.slice(SAFETY.length)) && text.startsWith(SAFETY)
    ? text.slice(SAFETY.length)
    : null;
}

/** The code of a new device in a scanned text; null where it is something else. */
export function readLink(text: string): string | null {
  return /^[0-9A-Z-]{16,40}$/i.test(text.slice(LINK.length)) && text.startsWith(LINK)
    ? text.slice(LINK.length)
    : null;
}
