"""Drives blockchain-parser over a node's folder as its documentation shows: every block in the order of its height,
every transaction with its id and the addresses of its outputs. Prints what it counted as one line of JSON.

usage: blockchain_parser_driver.py FOLDER HEIGHT_END
"""
import json
import os
import sys

from blockchain_parser.blockchain import Blockchain

folder = sys.argv[1]
blocks_folder = os.path.join(folder, "blocks")
counts = {"blocks": 0, "transactions": 0, "outputs": 0}
chain = Blockchain(blocks_folder)
for block in chain.get_ordered_blocks(os.path.join(blocks_folder, "index"), end=int(sys.argv[2])):
    counts["blocks"] += 1
    for transaction in block.transactions:
        transaction.txid
        counts["transactions"] += 1
        counts["outputs"] += len(transaction.outputs)
        for output in transaction.outputs:
            output.addresses
print(json.dumps(counts))
