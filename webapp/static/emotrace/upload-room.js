// Whether what is chosen fits into what is left of the person's quota, before a byte of it is sent.
import { mega } from "./upload-checks.js";

const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
const minutes = (seconds) => (seconds / 60).toFixed(1);

// What is wrong with `transfer` beside the files of `rows` that have passed their checks; "" where there is room.
// The page was told what is left of the quota: empty where there is no limit.
export const shortage = (transfer, rows, { bytesLeft, secondsLeft }) => {
  const counted = (each) => each === transfer || (each.file !== null && each.state !== "refused");
  const chosen = rows.flatMap((row) => Object.values(row.transfers)).filter(counted);
  // What was begun before this page came is in the server's account already.
  const bytes = sum(chosen.filter((each) => !each.begunBefore).map((each) => each.size));
  const videos = rows.filter((row) => row.transfers.video && counted(row.transfers.video));
  const seconds = sum(videos.map((row) => row.seconds.video ?? 0));
  const short = (has, left) =>
    `There is no room for ${transfer.name}: all that is chosen ${has}, and ${left} are left to you. `
    + "Delete recordings that you need no more, or send fewer.";
  if (bytesLeft && bytes > Number(bytesLeft)) return short(`has ${mega(bytes)}`, mega(bytesLeft));
  if (secondsLeft && seconds > Number(secondsLeft)) {
    return short(`lasts ${minutes(seconds)} minutes`, `${minutes(secondsLeft)} minutes`);
  }
  return "";
};
