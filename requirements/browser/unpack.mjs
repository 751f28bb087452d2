// Unpacks the Chromium that the package brings, with its libraries and a font, into the folder given: node unpack.mjs FOLDER

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const target = join(folder, "chromium");
const unpacking = join(folder, "unpacking");
for (const old of [target, unpacking]) rmSync(old, { recursive: true, force: true });
mkdirSync(unpacking);
process.env.TMPDIR = unpacking; // where the package unpacks to
const required = createRequire(join(folder, "package.json"));
const { inflate } = await import(pathToFileURL(required.resolve("@sparticuz/chromium")));
const packed = join(dirname(required.resolve("@sparticuz/chromium")), "..", "bin");
for (const name of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) await inflate(join(packed, name));
renameSync(unpacking, target);
const family = "<prefer><family>Open Sans</family></prefer>";
const aliases = ["sans-serif", "serif", "monospace", "system-ui"].map((name) => `<alias><family>${name}</family>${family}</alias>`);
writeFileSync(
  join(target, "fonts", "fonts.conf"),
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${target}/fonts</dir>` +
    `<cachedir>${target}/fonts-cache</cachedir>${aliases.join("")}</fontconfig>\n`,
);
