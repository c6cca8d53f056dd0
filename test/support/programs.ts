import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Whether a program is on the search path, or where system programs are. */
export function isInstalled(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
