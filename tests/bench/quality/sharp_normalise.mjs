// node sharp_normalise.mjs WHERE_SHARP_IS FOLDER: each NUMBER-WIDTHxHEIGHT.rgb of raw 8-bit RGB becomes the same with .done
import { createRequire } from "node:module";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const [home, folder] = process.argv.slice(2);
const sharp = createRequire(join(resolve(home), "package.json"))("sharp");
sharp.concurrency(1);

for (const name of (await readdir(folder)).filter((name) => name.endsWith(".rgb"))) {
  const [, width, height] = /-(\d+)x(\d+)\.rgb$/.exec(name).map(Number);
  const raw = { width, height, channels: 3 };
  const { data, info } = await sharp(await readFile(join(folder, name)), { raw })
    .normalise()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${name}: ${info.channels} channels`);
  await writeFile(join(folder, name.replace(/rgb$/, "done")), data);
}
