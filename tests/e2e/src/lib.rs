//! The commands as people run them: the real binary on the small signed archive of `cairn-support`.
//!
//! The claims stand in `tests/`, one file for each command and one for all bad input. The binary is the one that cargo builds from this
//! workspace (`CAIRN_BIN` names another one). What only booting can prove is in `tests/vm`.
