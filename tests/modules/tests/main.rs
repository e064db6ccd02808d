//! The module library: one file for each module, from configuration to spec.

mod boot;
mod cairn;
mod debian;
mod example;
mod files;
mod firewall;
mod host;
mod kernel;
mod locale;
mod network;
mod nginx;
mod packages;
mod pages;
mod prelude;
mod ssh;
mod sudo;
mod time;
mod units;
mod users;
