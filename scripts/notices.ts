import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { readRecord } from "./builds.ts";

/** The builds whose packages need a notice. */
export const BUILDS = ["dist", "dashboard/dist"] as const;
export const NOTICES_FILE = "THIRD-PARTY-NOTICES.txt";

const Person = z.union([z.string(), z.looseObject({ name: z.string() }).transform(({ name }) => name)]);
const Manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: Person.optional(),
  contributors: z.array(Person).optional(),
});

const RULE = "=".repeat(80);
const HEAD = `Caxton contains the packages below. Each is followed by its license.
`;

/** Writes the notices of every bundled package to the repository's root; nothing while a build is missing. */
export function writeNotices(root: string): void {
  const records = BUILDS.map((build) => readRecord(join(root, build)));
  if (records.includes(undefined)) return;
  const packages = new Set(records.flatMap((record) => record?.packages ?? []));
  const notices = [...packages].map((directory) => noticeOf(join(root, directory)));
  // Several copies of one version are one notice.
  const text = [HEAD, ...new Set(notices.toSorted())].join(`\n${RULE}\n`);
  writeFileSync(join(root, NOTICES_FILE), text);
}

/** Name, version and license texts of a package. Throws if the package has no license file and no standard license. */
function noticeOf(directory: string): string {
  const { name, version, license, author, contributors } = Manifest.parse(
    JSON.parse(readFileSync(join(directory, "package.json"), "utf8")),
  );
  const files = readdirSync(directory)
    .filter((file) => /^(?:licen[cs]e|notice|copying)(?:$|[.-])/i.test(file))
    .toSorted();
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
  if (texts.length === 0) {
    const standard = STANDARD_TEXTS[license];
    if (standard === undefined)
      throw new Error(`${name} has no license file, and the text of ${license} is unknown here`);
    texts.push(standard(author ?? contributors?.[0] ?? `the authors of ${name}`));
  }
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}

const apache = (holder: string): string =>
  `Copyright ${holder}\n\nLicensed under the Apache License, Version 2.0. Its text is in the file LICENSE.`;

/** The texts of licenses for packages that only name theirs. Caxton's own license is Apache-2.0. */
const STANDARD_TEXTS: { readonly [license: string]: (holder: string) => string } = {
  "Apache-2.0": apache,
  // @bufbuild/protobuf, which contains code of protobuf by Google.
  "(Apache-2.0 AND BSD-3-Clause)": (holder) => `${apache(holder)}

Parts: Copyright 2008 Google Inc. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

* Redistributions of source code must retain the above copyright notice, this list of conditions and the following
  disclaimer.
* Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.
* Neither the name of Google Inc. nor the names of its contributors may be used to endorse or promote products derived
  from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`,
  MIT: (holder) => `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
};
