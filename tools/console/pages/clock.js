// The one clock of a page: the console's, whatever the browser's is, in the zone that the page says. Charts know browsers'
// time and UTC only: they are drawn in UTC, all times in them moved by as much as the zone is away from it.

// How far a zone such as UTC+05:45 is from UTC, in milliseconds.
export function away(zone) {
  const [, sign, hours, minutes] = zone.match(/([+-])(\d\d):(\d\d)/);
  return (sign === "-" ? -1 : 1) * (hours * 60 + +minutes) * 60_000;
}

// A time, as 2026-11-30 02:10:00.
export function full(at, zone, between = " ") {
  return new Date(at + away(zone)).toISOString().slice(0, 19).replace("T", between);
}

// The same without the date if that is today's.
export function clock(at, zone) {
  const today = full(Date.now(), zone).slice(0, 11);
  return full(at, zone).replace(today, "");
}

// When that is, which full() has written with a T: milliseconds, or NaN.
export function when(text, zone) {
  return Date.parse(text + "Z") - away(zone);
}
