// @ts-check
// A ZIP archive of files that are packed already: stored as they are (PKWARE's APPNOTE 6.3, method 0, names in UTF-8).

const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const UTF8 = 0x0800;
const VERSION = 20;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/**
 * Numbers of two and four bytes, the lowest first.
 * @param {[size: 2 | 4, value: number][]} numbers
 */
function record(numbers) {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** @param {Date} date */
const dosTime = (date) => (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);

/** @param {Date} date */
const dosDate = (date) => ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();

/**
 * The names with " (2)" and so on where one stands there twice.
 * @param {string[]} names
 */
function apart(names) {
  /** @type {Set<string>} */
  const used = new Set();
  return names.map((name) => {
    const dot = name.lastIndexOf(".");
    const [stem, suffix] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    let free = name;
    for (let number = 2; used.has(free); number++) free = `${stem} (${number})${suffix}`;
    used.add(free);
    return free;
  });
}

/**
 * @param {{ name: string, bytes: Uint8Array<ArrayBuffer> }[]} files fewer than 65,536 and 4 GiB in all
 * @param {Date} date
 * @returns {Blob}
 */
export function zip(files, date) {
  const encoder = new TextEncoder();
  const names = apart(files.map((file) => file.name.replaceAll(/[/\\]/g, "_")));
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const directory = [];
  let offset = 0;
  files.forEach(({ bytes }, index) => {
    const name = encoder.encode(names[index]);
    /** @type {[2 | 4, number][]} */
    const common = [
      [2, VERSION], [2, UTF8], [2, 0], [2, dosTime(date)], [2, dosDate(date)],
      [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, name.length], [2, 0],
    ];
    const local = record([[4, LOCAL], ...common]);
    parts.push(local, name, bytes);
    directory.push(record([[4, CENTRAL], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), name);
    offset += local.length + name.length + bytes.length;
  });
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([[4, END], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
