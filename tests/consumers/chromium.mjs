// Unpacks the Chromium of the npm package into a folder: node chromium.mjs FOLDER. FOLDER/run starts it, and is written last.
// The package is made for a server without libraries and fonts; they come with it, and `run` points the browser to them.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import chromium, { inflate } from "@sparticuz/chromium";

const folder = resolve(process.argv[2]);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
process.env.TMPDIR = folder; // where the package unpacks to
const packed = fileURLToPath(new URL("../bin/", import.meta.resolve("@sparticuz/chromium")));
await Promise.all([chromium.executablePath(packed), inflate(join(packed, "al2023.tar.br"))]);

// its own file names folders of that server: without any font nothing is laid out, and the browser hangs or dies
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/cache</cachedir></fontconfig>
`;
writeFileSync(join(folder, "fonts.conf"), fonts);
const run = `#!/bin/sh
export FONTCONFIG_FILE="${folder}/fonts.conf" LD_LIBRARY_PATH="${folder}/al2023/lib"
exec "${folder}/chromium" "$@"
`;
writeFileSync(join(folder, "run"), run, { mode: 0o755 });
