//! Drives Rust libraries over a node's folder, each as its own documentation shows, and prints what it counted
//! as one line of JSON. usage: clew-bench-peers MODE FOLDER

use bitcoin_explorer::{BitcoinDB, SBlock, SConnectedBlock};
use std::path::{Path, PathBuf};

#[derive(Default)]
struct Counts {
    blocks: u64,
    transactions: u64,
    outputs: u64,
    /// Only where the values of what is spent are known.
    unspent_sats: Option<u64>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let folder = Path::new(&args[2]);
    let counts = match args[1].as_str() {
        "explorer-blocks" => explorer_blocks(folder),
        "explorer-connected" => explorer_connected(folder),
        "blk-reader" => blk_reader(folder),
        "blocks-iterator" => blocks_iterator_prevouts(folder),
        mode => panic!("no mode is called {mode}"),
    };
    let unspent = counts.unspent_sats.map_or(String::new(), |sats| format!(",\"unspentSats\":\"{sats}\""));
    println!(
        "{{\"blocks\":{},\"transactions\":{},\"outputs\":{}{unspent}}}",
        counts.blocks, counts.transactions, counts.outputs
    );
}

/// bitcoin-explorer, every block with the addresses of its outputs.
fn explorer_blocks(folder: &Path) -> Counts {
    let db = BitcoinDB::new(folder, false).expect("cannot open the folder");
    let mut counts = Counts::default();
    for block in db.iter_block::<SBlock>(0, db.get_block_count()) {
        counts.blocks += 1;
        counts.transactions += block.txdata.len() as u64;
        for tx in &block.txdata {
            counts.outputs += tx.output.len() as u64;
        }
    }
    counts
}

/// bitcoin-explorer, the same with every input resolved from its cache of unspent outputs.
fn explorer_connected(folder: &Path) -> Counts {
    let db = BitcoinDB::new(folder, false).expect("cannot open the folder");
    let mut counts = Counts::default();
    let mut unspent: u64 = 0;
    for block in db.iter_connected_block::<SConnectedBlock>(db.get_block_count()) {
        counts.blocks += 1;
        counts.transactions += block.txdata.len() as u64;
        for tx in &block.txdata {
            counts.outputs += tx.output.len() as u64;
            unspent += tx.output.iter().map(|output| output.value).sum::<u64>();
            unspent -= tx.input.iter().map(|output| output.value).sum::<u64>();
        }
    }
    counts.unspent_sats = Some(unspent);
    counts
}

/// blk-reader for the bytes, rust-bitcoin to decode them, hash every transaction and check the Merkle root.
fn blk_reader(folder: &Path) -> Counts {
    let blocks_dir: PathBuf = folder.join("blocks");
    let index_dir = blocks_dir.join("index");
    // It seeks before every block, which empties its buffer: one much larger than a block only costs it time.
    let read_buffer_bytes = 8 * 1024;
    let config = blk_reader::BlkReaderConfig { blocks_dir, index_dir, read_buffer_bytes, ..Default::default() };
    let mut counts = Counts::default();
    for raw in blk_reader::BlockIterator::new(config).expect("cannot open the folder") {
        let raw = raw.expect("cannot read a block");
        let block: bitcoin::Block = bitcoin::consensus::deserialize(&raw.data).expect("cannot decode a block");
        assert!(block.check_merkle_root(), "the Merkle root of block {} is wrong", raw.height);
        counts.blocks += 1;
        counts.transactions += block.txdata.len() as u64;
        for tx in &block.txdata {
            counts.outputs += tx.output.len() as u64;
        }
    }
    counts
}

/// blocks_iterator over block files of regtest, with the value of every output that is spent.
fn blocks_iterator_prevouts(blocks_dir: &Path) -> Counts {
    let config = blocks_iterator::Config::new(blocks_dir, bitcoin::Network::Regtest);
    let mut counts = Counts::default();
    for block in blocks_iterator::iter(config) {
        counts.blocks += 1;
        counts.transactions += block.block().txdata.len() as u64;
        for tx in &block.block().txdata {
            counts.outputs += tx.output.len() as u64;
        }
        block.fee().expect("an output that is spent is not known");
    }
    counts
}
