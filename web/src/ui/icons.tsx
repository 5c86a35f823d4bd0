// Inline SVG icons, drawn on a 24 px grid. Always beside a word or a label: an icon alone says nothing to a screen reader.
const kPaths = {
  pause: "M8 5v14M16 5v14",
  play: "M7 4.500v15l12-7.500z",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 3v18M12 7h5.500M12 12h8.500M12 17h5.500",
  critical: "M8 2.500h8l5.500 5.500v8L16 21.500H8L2.500 16V8zM12 7.500v5.500M12 16.400v.1",
  warning: "M12 3.500L22 20.500H2zM12 10v4.500M12 17.400v.1",
  ok: "M4.500 12.500l5 5l10-11",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 11v5.500M12 7.600v.1",
  close: "M6 6l12 12M18 6L6 18",
  table: "M3.500 5h17v14h-17zM3.500 10h17M3.500 14.500h17M10 10v9",
  chart: "M4 20V4M4 20h16M8 16v-4M12.500 16V8M17 16v-6.500",
  download: "M12 4v11M7 11l5 5l5-5M5 20h14",
  refresh: "M20 11a8 8 0 1 0-.7 4.500M20 5v6h-6",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13M15.500 15.500L20.500 20.500",
  help: "M9 9a3 3 0 1 1 4.300 2.700c-.900.500-1.300 1-1.300 2.300M12 17.400v.1M12 2.500a9.500 9.500 0 1 0 0 19a9.500 9.500 0 0 0 0-19",
  clock: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5.500l3.500 2",
  chevron: "M9 5l7 7l-7 7",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
} as const;

export type IconName = keyof typeof kPaths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={kPaths[name]} />
    </svg>
  );
}

/** The mark: water over a weir. */
export function Logo() {
  return (
    <svg class="logo" width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M5 12c3.700-3.400 7.300-3.400 11 0s7.300 3.400 11 0" />
      <path class="faint" d="M5 21c3.700-3.400 7.300-3.400 11 0s7.300 3.400 11 0" />
    </svg>
  );
}
