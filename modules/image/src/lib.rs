//! From trees and plans to bytes on disks: root images, initrds, partitions and whole disks.
//!
//! In: trees, plans of the boot partition, lists of what the state partition holds. Out: images, the same bytes
//! for the same inputs wherever that is possible. Refuses to know packages and configurations, and needs no root rights.

pub mod disk;
pub mod erofs;
pub mod esp;
pub mod ext4;
pub mod initrd;
pub mod kmod;
pub mod qemu;
pub mod root;
pub mod state;
