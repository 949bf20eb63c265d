//! The Sotto server: one process with everything in it, or a pod among many.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    sotto::cli::main()
}
