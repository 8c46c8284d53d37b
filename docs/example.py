"""Questions asked from Python: python docs/example.py [QUESTION …]; the index is the one that `assistant refresh` made."""

import sys

from assistant import Ask, build_chain, load_settings

chain = build_chain(load_settings())
for question in sys.argv[1:] or ["解放区有多少个网格？"]:
    for answer in chain.stream(Ask(question)):
        if answer.done:
            print(answer.text)
    for citation in answer.citations:
        print(f"[{citation.n}] {citation.title}（{citation.date}）：{citation.quote}")
    for document in chain.retriever.invoke(question)[:3]:
        print(f"    {document.metadata['article_id']}  {document.metadata['score']:.2f}")
