package store
import ("testing";"os";"strings";"fmt";"path/filepath";"renewd/internal/ingest";"runtime")
func rss() string { t,_:=os.ReadFile("/proc/self/status"); s:=""; for l:=range strings.Lines(string(t)){ if strings.HasPrefix(l,"VmHWM")||strings.HasPrefix(l,"VmRSS"){ s+=strings.Join(strings.Fields(l)," ")+" "}}; var m runtime.MemStats; runtime.ReadMemStats(&m); return s+fmt.Sprintf("heapalloc %d heapsys %d rel %d", m.HeapAlloc>>20, m.HeapSys>>20, m.HeapReleased>>20)}
func TestZZ(t *testing.T){
 b:=&testing.B{}
 _ = b
 path := filepath.Join(t.TempDir(),"a.csv")
 f,_:=os.Create(path); fmt.Fprintln(f,"ref;customer;kind;product;starts_on;ends_on;term;auto_renew;price;currency;customer_name;customer_email;customer_locale")
 n:=1000000
 var sb strings.Builder
 for i:=0;i<n;i++ { fmt.Fprintf(&sb,"A%07d;C%07d;pass;Annual pass %d;15/02/2026;14/02/2027;P1Y;yes;49,90;EUR;Customer Number %d;customer%d@example.org;fr\n",i,i,i%20,i,i); if sb.Len()>1<<20 {f.WriteString(sb.String()); sb.Reset()}}
 f.WriteString(sb.String()); f.Close(); sb.Reset()
 fmt.Println("start",rss())
 bench:=newImportBench(t)
 for range 2 {
 file,_:=ingest.OpenPath(path,ingest.Options{})
 fmt.Println("open",rss())
 Import(t.Context(),bench.db,file,ImportOptions{File:path,Now:bench.now,Progress:func(done,total int){ if done%(4096*50)==0 { fmt.Println(done,total,rss())}}})
 fmt.Println("end",rss())
 }
}
