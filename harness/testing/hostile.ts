/** Text as a guest could write it, for whoever shows it: controls, markup of every kind, names and links. */
export const hostileText =
  "a\u0000b\u001b[2J\u202e \r\n# not ok 1 x\nok 99 y <img src=x onerror=y> | `` @everyone [z](javascript:w) #1 ]]> ![i](j)";
