// Drives btcd's wire and blockchain packages over a node's folder: every block decoded, every transaction hashed,
// Merkle root checked. They read no files themselves, so the records are cut here. Prints what it counted as one
// line of JSON.
//
// usage: btcd-driver FOLDER
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil"
	"github.com/btcsuite/btcd/wire"
)

func main() {
	names, err := filepath.Glob(filepath.Join(os.Args[1], "blocks", "blk*.dat"))
	check(err)
	sort.Strings(names)
	blocks, transactions, outputs := 0, 0, 0
	for _, name := range names {
		file, err := os.ReadFile(name)
		check(err)
		for at := 0; at < len(file); {
			size := int(binary.LittleEndian.Uint32(file[at+4:]))
			var block wire.MsgBlock
			check(block.Deserialize(bytes.NewReader(file[at+8 : at+8+size])))
			hashed := btcutil.NewBlock(&block)
			root := blockchain.CalcMerkleRoot(hashed.Transactions(), false)
			if !root.IsEqual(&block.Header.MerkleRoot) {
				panic(fmt.Sprintf("the Merkle root of block %d is wrong", blocks))
			}
			blocks++
			transactions += len(block.Transactions)
			for _, transaction := range block.Transactions {
				outputs += len(transaction.TxOut)
			}
			at += 8 + size
		}
	}
	fmt.Printf("{\"blocks\":%d,\"transactions\":%d,\"outputs\":%d}\n", blocks, transactions, outputs)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
