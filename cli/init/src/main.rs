//! The initrd's `/init`: brings up the generation that the command line names, or reboots.
//!
//! Nothing here may panic on purpose: a first program that ends makes the kernel panic, which reboots too
//! (`panic=10`), but says less.

fn main() {
    cairn_init::run();
}
